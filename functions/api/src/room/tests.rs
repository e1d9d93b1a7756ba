use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A cursor as lists have them: greater for what comes later.
fn place(n: usize) -> String {
    format!("{n:06}")
}

/// Walks through items of these sizes, `None` for those that aren't meant; a page looks at so many.
fn walk(items: &[Option<usize>], looked_at: usize, limit: usize) -> Vec<Vec<usize>> {
    let show = |n: &usize| items[*n].map(|length| Shown::of(&json!([n, "x".repeat(length)])));
    let (mut pages, mut after): (Vec<Vec<usize>>, Option<String>) = (Vec::new(), None);
    loop {
        let rest = (0..items.len()).filter(|n| after.as_ref().is_none_or(|after| place(*n) > *after));
        let found: Vec<usize> = rest.take(looked_at).collect();
        let next = found.last().filter(|last| **last + 1 < items.len()).map(|last| place(*last));
        let (page, next) = fill_room(Room { limit, taken: 0 }, &found, next, show, |n| place(*n));
        let total: usize = page.iter().map(|item| size(item.value(), usize::MAX).unwrap() + 1).sum();
        assert!(page.len() <= 1 || total <= limit, "{total}");
        pages.push(page.iter().map(|item| item.value()[0].to_string().parse().unwrap()).collect());
        assert!(next.is_none() || next > after, "the walk doesn't go on after {after:?}");
        after = next;
        if after.is_none() {
            return pages;
        }
    }
}

proptest! {
    #[test]
    fn a_walk_gives_each_item_once_and_in_order(
        items in prop::collection::vec(prop::option::weighted(0.8, 0_usize..400), 0..60),
        looked_at in 1_usize..30,
        limit in 1_usize..1000,
    ) {
        let meant: Vec<usize> = (0..items.len()).filter(|n| items[*n].is_some()).collect();
        prop_assert_eq!(walk(&items, looked_at, limit).concat(), meant);
    }

    #[test]
    fn a_size_is_that_of_the_text_in_lambda_s_answer(text in any::<String>(), name in any::<String>()) {
        let value = json!({name: [text, 1, null, {"a\\\"": false}]});
        // The text in quotation marks.
        let length = json!(value.to_string()).to_string().len() - 2;
        prop_assert_eq!(size(&value, length), Some(length));
        prop_assert_eq!(size(&value, length - 1), None);
    }
}

#[test]
fn a_page_ends_where_it_is_full_and_not_before() {
    // Each has 2 brackets, the number, a comma, 2 quotation marks of 2 bytes, and a comma behind.
    assert_eq!(walk(&[Some(91), Some(91), Some(91)], 3, 200), [vec![0, 1], vec![2]]);
    assert_eq!(walk(&[Some(91), Some(92), Some(91)], 3, 200), [vec![0], vec![1], vec![2]]);
    assert_eq!(walk(&[Some(9999), Some(1), Some(1)], 3, 200), [vec![0], vec![1, 2]]);
}

#[test]
fn what_is_long_is_cut_and_named_and_the_rest_stays() {
    let long = "x".repeat(SHORT);
    let mut task = json!({"result": long, "error": {"code": "c", "detail": [long]}, "input": long});
    shorten(&mut task, &["result", "error.detail", "error.message"]);
    let expected = json!({"result": null, "error": {"code": "c", "detail": null}, "input": long,
        "truncated": ["result", "error.detail"]});
    assert_eq!(task, expected);
    // With its quotation marks, of two bytes each, it is as long as it may be.
    let mut kept = json!({"result": "x".repeat(SHORT - 4), "error": null});
    let before = kept.clone();
    shorten(&mut kept, &["result", "error.detail"]);
    assert_eq!(kept, before);
}
