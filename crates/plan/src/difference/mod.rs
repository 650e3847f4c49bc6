//! What differs between two plans, in lines for people: for those who approved one plan, or began with it, and are about to run another.
//!
//! It works on the JSON of plans, so that plans of other versions can be told about as well. What stands in them is shown through
//! [`runsheet_model::visible`], and neither a line nor their number grows without bounds.

mod hosts;
mod links;
mod plans;
mod report;
mod steps;
mod values;

pub use plans::differences;
