//! Sequences that the simulation found and made short, as plain tests: a module each, named by what was
//! wrong. `cargo run -p allclear-sim` prints them in this form.

mod a_box_that_arrives_before_its_facts_is_received;
mod a_box_without_handover_says_so;
mod a_hold_ends_when_the_tube_is_received;
mod a_move_that_comes_late_shows_the_count_that_differs;
mod a_pool_in_which_nobody_is_known_has_no_open_follow_up;
mod a_reopened_exception_counts_in_its_round;
mod a_swab_taken_back_after_reception_is_not_reported;
mod a_taker_of_another_box_is_disputed_after_the_reception;
mod a_taker_who_comes_after_the_reception_is_on_record;
mod a_taker_who_comes_late_asks_nothing;
mod a_tube_missing_from_a_received_box_has_left;
mod an_exception_closes_as_the_kind_it_was_opened_as;
