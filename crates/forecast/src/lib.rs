//! How long work will take, and what took longer than it should: durations in, forecasts and alarms out.
//!
//! It is pure: it knows neither runs nor hosts nor where history is kept, and reads no clock. `src` asks the history for the
//! times and the plan for the shape of the work, and hands both down.
//!
//! Everything rests on medians, so that one run that was odd changes nothing: the median and the median absolute deviation
//! bear up to half of the values being wrong (Rousseeuw and Croux, *Alternatives to the Median Absolute Deviation*, JASA 88,
//! 1993). What is derived from them, and from where: `docs/forecast.md`.

mod alarm;
mod finish;
mod forecast;
mod level;
mod past;
mod peers;
mod shape;
mod trend;
mod under_way;
mod usual;

pub use alarm::{Alarm, Limit, Watch};
pub use finish::{Ahead, Finish, finish, remaining};
pub use forecast::{Basis, Forecast, Range, forecast};
pub use level::on_this_level;
pub use past::{HostPast, Past, Sample, TaskPast};
pub use peers::among_peers;
pub use shape::Shape;
pub use trend::Trend;
pub use under_way::UnderWay;
pub use usual::Usual;
