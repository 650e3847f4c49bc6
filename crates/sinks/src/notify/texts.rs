use std::collections::BTreeMap;
use std::time::SystemTime;

use runsheet_events::RunStats;
use runsheet_model::{RunId, shortened};
use runsheet_template::{Template, TemplateError, Templates};

use super::Occasion;
use super::notice::Notice;

/// The longest text that is sent, in characters.
const LONGEST: usize = 2000;

/// What is said on each occasion.
pub(super) struct Texts(BTreeMap<Occasion, Template>);

impl Texts {
    /// Takes the texts of the settings, and our own for other occasions. A text that speaks of a name that is not there is a mistake.
    pub(super) fn new(own: &BTreeMap<Occasion, String>) -> Result<Self, (Occasion, TemplateError)> {
        let templates = Templates::new();
        let mut texts = BTreeMap::new();
        for occasion in Occasion::ALL {
            let text = own.get(&occasion).map_or_else(|| usual(occasion), String::as_str);
            let template = templates.compile(text).map_err(|error| (occasion, error))?;
            let example = Notice {
                occasion,
                at: SystemTime::UNIX_EPOCH,
                key: String::new(),
                step: None,
                owner: None,
                reason: String::new(),
                minutes: Some(1),
            };
            let context = example.context(RunId::fresh(), &RunStats::default());
            template.render(&context).map_err(|error| (occasion, error))?;
            texts.insert(occasion, template);
        }
        Ok(Self(texts))
    }

    /// The text of a notice.
    pub(super) fn text(&self, notice: &Notice, run: RunId, stats: &RunStats) -> String {
        let context = notice.context(run, stats);
        let rendered = self.0.get(&notice.occasion).map(|template| template.render(&context));
        // One that cannot be rendered after all must not keep people from being told.
        let text = match rendered {
            Some(Ok(text)) => text,
            _ => format!("{}: {}", notice.occasion.word(), notice.reason),
        };
        let lines: Vec<_> = text.trim().lines().map(|line| shortened(line, LONGEST)).collect();
        lines.join("\n").chars().take(LONGEST).collect()
    }
}

fn usual(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Started => {
            "{{ run.sheet }} {{ 'goes on' if run.again else 'has started' }}: {{ run.steps }} step{{ '' if run.steps == 1 else 's' }} \
             on {{ run.hosts }} host{{ '' if run.hosts == 1 else 's' }}, by {{ run.user }} on {{ run.machine }} (run {{ run.short }})"
        }
        Occasion::Next => {
            "{{ run.sheet }}: {{ step.owner }}, your step `{{ step.name }}` is next\
             {% if minutes is not none %}, in about {{ minutes }} min{% endif %} (run {{ run.short }})"
        }
        Occasion::Waiting => {
            "{{ run.sheet }}: `{{ step.name }}` waits for {{ step.owner or 'a person' }}: {{ reason }} (run {{ run.short }})"
        }
        Occasion::Failed => {
            "{{ run.sheet }}: {% if step.name %}`{{ step.name }}`: {% endif %}{{ reason }} (run {{ run.short }})"
        }
        Occasion::Finished => {
            "{{ run.sheet }} {{ run.verdict }} after {{ run.took }}: {{ hosts.counts }} (run {{ run.short }})"
        }
    }
}
