use std::time::Duration;

use crate::Shape;

/// One past run of a step, machine time only: waiting for people is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How long it took.
    pub took: Duration,
    /// On how many hosts.
    pub hosts: usize,
}

/// What is known of a step when it is to be forecast. Only what ended well belongs here.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Its own past runs, newest first.
    pub own: Vec<Sample>,
    /// How long the same tasks took on each of its hosts, in whatever sheet, in the order in which the hosts are begun; empty if
    /// nothing is known of the tasks.
    pub hosts: Vec<HostPast>,
    /// How long each task of its chain took elsewhere, in the order of the chain; empty if that says nothing about it.
    pub tasks: Vec<TaskPast>,
    /// How the sheet thinks of it.
    pub expected: Option<Duration>,
    /// How it goes through its hosts this time.
    pub shape: Shape,
}

/// How long the same tasks took on one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostPast {
    /// Newest first. Of a host that is not known, the times of the others.
    pub times: Vec<Duration>,
}

/// How long a task took in other steps, of whatever sheets, on whatever hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskPast {
    /// Of each time that it was done, newest first: half of the hosts were below.
    pub medians: Vec<Duration>,
    /// And how long the slowest host took.
    pub longest: Vec<Duration>,
}
