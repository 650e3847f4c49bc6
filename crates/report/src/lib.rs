//! A run as one page, as text for a ticket, as tables, as JUnit and as a trace.
//!
//! [`Report`] is folded from the events of a run; each form is a function that writes it to an `io::Write`. Nothing here
//! prints, reads a clock, or opens a file: the zone, the way lists of hosts are folded and the output of hosts are handed
//! down in [`Context`]. Whatever a host said is data: it is made safe for a terminal first, and then escaped for the form.
//!
//! What a form holds is bounded, whatever the run was like; what is left out is counted and said.

mod command_line;
mod context;
mod csv;
mod failures;
mod html;
mod json;
mod junit;
mod markdown;
mod outputs;
mod report;
mod step_report;
mod trace;
mod verdict;

pub use context::{Context, Fold};
pub use csv::{Cells, csv};
pub use failures::{Failure, Variant, failures};
pub use html::html;
pub use json::{json, schema};
pub use junit::junit;
pub use markdown::markdown;
pub use outputs::{Outputs, Tail};
pub use report::{Epoch, Note, Report};
pub use step_report::{AttemptSpan, HostReport, PersonAnswer, Question, Span, StepReport, Wave};
pub use trace::trace;
pub use verdict::Verdict;
