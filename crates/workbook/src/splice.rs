/// A text that is made out of another one: most of it kept, some of it replaced.
pub(crate) struct Splice<'a> {
    source: &'a str,
    /// How far the source is done with.
    done: usize,
    out: String,
}

impl<'a> Splice<'a> {
    /// Begins with nothing kept.
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, done: 0, out: String::with_capacity(source.len() + source.len() / 4) }
    }

    /// Keeps the source up to a place.
    pub(crate) fn keep_to(&mut self, place: usize) {
        self.out.push_str(&self.source[self.done..place]);
        self.done = place;
    }

    /// Leaves the source out up to a place.
    pub(crate) fn skip_to(&mut self, place: usize) {
        self.done = place;
    }

    /// Adds what is not in the source.
    pub(crate) fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Keeps the rest.
    pub(crate) fn finish(mut self) -> String {
        self.keep_to(self.source.len());
        self.out
    }
}
