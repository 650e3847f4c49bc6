use std::time::Duration;

use runsheet_forecast::{Ahead, finish, remaining};

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
