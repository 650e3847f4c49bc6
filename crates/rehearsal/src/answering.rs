use std::sync::Arc;

use async_trait::async_trait;
use runsheet_events::{Answer, Ask, Choice, Question};

use crate::script::Script;

/// Answers for people: takes the time that they take, and says to go on. What is done after a failure is the policy's to say.
pub(crate) struct Answering {
    script: Arc<Script>,
}

impl Answering {
    pub(crate) fn new(script: Arc<Script>) -> Self {
        Self { script }
    }
}

#[async_trait]
impl Ask for Answering {
    async fn ask(&self, question: Question) -> Answer {
        let (step, choice) = match &question {
            Question::Manual { step, .. } | Question::Approval { step, .. } => (step, Choice::Proceed),
            Question::Failure { step, .. } => (step, Choice::Abort),
        };
        let takes = self.script.step(step).map(|step| self.script.times.people(&self.script.plan, step));
        tokio::time::sleep(self.script.pace.to_wait(takes.unwrap_or_default())).await;
        Answer { choice, note: "nobody was asked".to_owned(), who: "rehearsal".to_owned() }
    }
}
