/// Width of the picture, of its names, and of what stands behind a bar, in pixels.
const WIDTH: f64 = 720.0;
const NAMES: f64 = 190.0;
const NUMBERS: f64 = 80.0;
const BAR: f64 = 18.0;
const ROW: f64 = 26.0;

/// Draws bars of seconds as an SVG that reads on a light and on a dark page. The first is ours.
pub(crate) fn chart(title: &str, bars: &[(String, f64)]) -> String {
    let longest = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
    let height = 44.0 + ROW * bars.iter().map(|_| 1.0).sum::<f64>();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>{title}</title>\n\
         <style>text {{ fill: #1f2328 }} .ours {{ fill: #0969da }} .others {{ fill: #8c959f }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ fill: #4493f8 }} .others {{ fill: #6e7681 }} }}</style>\n\
         <text x=\"0\" y=\"18\" font-weight=\"bold\">{title}</text>\n"
    );
    let mut top = 36.0;
    for (number, (name, seconds)) in bars.iter().enumerate() {
        let width = (WIDTH - NAMES - NUMBERS) * seconds / longest;
        let class = if number == 0 { "ours" } else { "others" };
        let middle = top + BAR - 5.0;
        svg.push_str(&format!(
            "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"{BAR}\"/>\
             <text x=\"{:.1}\" y=\"{middle:.0}\">{seconds:.2} s</text>\n",
            NAMES - 8.0,
            name.replace('`', ""),
            NAMES + width + 6.0
        ));
        top += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}
