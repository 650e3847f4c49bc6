use maud::{Markup, html};
use runsheet_events::{StepStats, words};
use runsheet_model::{format_duration, shortened};

use super::{counted, short};
use crate::{Context, Question, Report};

/// How many questions are listed.
const LISTED: usize = 300;

/// The longest question or note, in characters.
const TEXT: usize = 600;

/// Who was asked what, who said what, and how long that took.
pub(super) fn people(report: &Report, context: &Context<'_>) -> Markup {
    let asked = report.asked();
    if asked.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="people" {
            h2 #people { "Who approved what" }
            table.plain {
                caption.hidden { "Questions to people, and their answers" }
                thead { tr {
                    th scope="col" { "Asked" } th scope="col" { "Step" } th scope="col" { "Question" }
                    th scope="col" { "Answer" } th scope="col" { "Waited" }
                } }
                tbody {
                    @for (index, step, question) in asked.iter().take(LISTED) {
                        (row(report, context, *index, step, question))
                    }
                }
            }
            @if asked.len() > LISTED {
                p.note { (counted(asked.len() - LISTED, "more question")) " in the run's record." }
            }
        }
    }
}

fn row(report: &Report, context: &Context<'_>, index: usize, step: &StepStats, question: &Question) -> Markup {
    html! {
        tr {
            td.nowrap { @if let Some(at) = report.wall(question.asked) { (context.local(at)) } }
            th scope="row" { (index + 1) ". " (words::title(&step.planned)) }
            td { (shortened(&question.question, TEXT)) }
            @match &question.answer {
                Some(answer) => {
                    td {
                        strong { (short(&answer.who)) } " says "
                        span class=(if answer.proceed { "fine" } else { "bad" }) { (answer.says) }
                        @if !answer.note.trim().is_empty() { small { (shortened(&answer.note, TEXT)) } }
                    }
                    td.nowrap { (format_duration(answer.waited)) }
                },
                None => {
                    td { span.idle { "no answer yet" } }
                    td.nowrap { (format_duration(report.elapsed().saturating_sub(question.asked))) " so far" }
                },
            }
        }
    }
}
