//! How long work will take, and what took longer than it should: durations in, forecasts and alarms out.
