//! A run as one page, as tables, as JUnit and as a trace.
