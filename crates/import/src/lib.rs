//! A deploy sheet out of a spreadsheet: which tab, which column, which row is what, and what changed since the last time.
