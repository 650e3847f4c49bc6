use std::time::Duration;

use runsheet_forecast::{Ahead, Shape, UnderWay, finish, remaining};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ahead(left: u64, after: &[usize]) -> Ahead {
    Ahead { after: after.to_vec(), left: Some(seconds(left)), waiting: Duration::ZERO }
}

#[test]
fn the_longest_way_through_the_steps_decides() {
    let steps = [ahead(10, &[]), ahead(30, &[0]), ahead(20, &[0]), ahead(5, &[1, 2])];
    let found = finish(&steps);
    assert_eq!((found.left, found.path, found.unknown), (seconds(45), vec![0, 1, 3], 0));
}

#[test]
fn steps_may_stand_in_any_order_and_those_that_are_over_take_no_time() {
    let steps = [ahead(5, &[2]), ahead(0, &[]), ahead(9, &[1])];
    let found = finish(&steps);
    assert_eq!((found.left, found.path), (seconds(14), vec![2, 0]));
}

#[test]
fn waiting_for_people_is_told_apart_and_decides_all_the_same() {
    let person = Ahead { waiting: seconds(100), ..ahead(0, &[]) };
    let steps = [person, ahead(60, &[]), ahead(10, &[0, 1])];
    let found = finish(&steps);
    assert_eq!((found.left, found.waiting, found.path), (seconds(10), seconds(100), vec![0, 2]));
}

#[test]
fn steps_of_which_nobody_knows_are_counted() {
    let steps = [ahead(10, &[]), Ahead { after: vec![0], ..Ahead::default() }];
    let found = finish(&steps);
    assert_eq!((found.left, found.unknown), (seconds(10), 1));
}

#[test]
fn nothing_is_left_of_nothing_and_circles_are_no_end() {
    assert_eq!(finish(&[]).left, Duration::ZERO);
    let steps = [ahead(10, &[1]), ahead(10, &[0]), ahead(3, &[]), ahead(10, &[99])];
    assert_eq!((finish(&steps).left, finish(&steps).path), (seconds(3), vec![2]));
}

#[test]
fn what_is_overdue_is_never_over_this_instant() {
    assert_eq!(remaining(seconds(100), seconds(30)), seconds(70));
    assert_eq!(remaining(seconds(100), seconds(99)), seconds(5));
    assert_eq!(remaining(seconds(100), seconds(1000)), seconds(5));
    assert_eq!(remaining(seconds(2), seconds(1000)), seconds(1));
    assert_eq!(remaining(Duration::from_millis(300), seconds(9)), Duration::from_millis(300));
}

/// Ten turns of two hosts, the first of which is a host alone.
fn canary_and_rest() -> Shape {
    Shape { waves: vec![1, 18], at_once: 2, pause: Duration::ZERO }
}

#[test]
fn turns_are_over_once_all_their_hosts_are() {
    let shape = canary_and_rest();
    let turns = [0, 1, 2, 3, 18, 19, 30].map(|hosts| shape.turns_over(hosts));
    assert_eq!(turns, [0, 1, 1, 2, 9, 10, 10]);
    assert_eq!(Shape::default().turns_over(3), 0);
}

fn left(forecast: Option<u64>, elapsed: u64, turns: usize, turned: u64) -> Option<u64> {
    let shape = canary_and_rest();
    let (forecast, elapsed, turned) = (forecast.map(seconds), seconds(elapsed), seconds(turned));
    let step = UnderWay { forecast, shape: &shape, elapsed, turns, turned };
    step.left().map(|left| left.as_secs())
}

#[test]
fn what_is_left_of_a_step_follows_from_its_turns() {
    assert_eq!(left(Some(100), 4, 0, 0), Some(96), "none is over");
    assert_eq!(left(Some(100), 50, 5, 50), Some(50), "as forecast");
    assert_eq!(left(Some(100), 52, 5, 50), Some(48), "and on its way");
    assert_eq!(left(Some(100), 30, 1, 30), Some(180), "a slow one counts half");
    assert_eq!(left(Some(100), 180, 9, 180), Some(19), "nine are believed");
    assert_eq!(left(Some(100), 500, 5, 50), Some(2), "never over this instant");
    assert_eq!(left(Some(100), 110, 10, 100), Some(0), "all are over");
}

#[test]
fn what_nobody_knew_shows_with_the_first_turn() {
    assert_eq!(left(None, 90, 0, 0), None);
    assert_eq!(left(None, 20, 2, 20), Some(80));
}
