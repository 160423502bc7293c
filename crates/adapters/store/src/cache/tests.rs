use super::*;

fn place(name: &str) -> Place {
    Place::new("123456789012", "", "iam/role", name)
}

fn sought(name: &str) -> Sought<'_> {
    Sought { account: "123456789012", region: "", name }
}

fn cache() -> Cache<u32> {
    Cache::new(1 << 20)
}

fn fill(cache: &Cache<u32>, name: &str, value: u32) {
    cache.ticket(sought(name)).unwrap().fill(&Arc::new(value), 10);
}

fn get(cache: &Cache<u32>, name: &str) -> Option<u32> {
    cache.get(sought(name)).map(|value| *value)
}

#[test]
fn what_was_read_is_kept_until_it_changes() {
    let cache = cache();
    fill(&cache, "a", 1);
    fill(&cache, "b", 2);
    assert_eq!((get(&cache, "a"), get(&cache, "b")), (Some(1), Some(2)));
    cache.forget(&place("a"));
    assert_eq!((get(&cache, "a"), get(&cache, "b")), (None, Some(2)));
    cache.forget_all();
    assert_eq!(get(&cache, "b"), None);
}

#[test]
fn names_of_different_accounts_and_regions_are_different() {
    let cache = cache();
    fill(&cache, "a", 1);
    let elsewhere = [
        Sought { account: "", region: "", name: "a" },
        Sought { account: "123456789012", region: "eu-west-1", name: "a" },
        Sought { account: "1234567890", region: "12", name: "a" },
    ];
    assert!(elsewhere.iter().all(|sought| cache.get(*sought).is_none()));
}

#[test]
fn a_read_that_raced_with_a_change_does_not_put_back_the_old_value() {
    let changes: [fn(&Cache<u32>); 4] = [
        |cache| cache.forget(&place("a")),
        |cache| cache.forget_all(),
        |cache| cache.suspend(&place("a")),
        |cache| {
            cache.suspend(&place("a"));
            cache.resume(&place("a"));
        },
    ];
    for change in changes {
        let cache = cache();
        let ticket = cache.ticket(sought("a")).unwrap();
        change(&cache);
        ticket.fill(&Arc::new(1), 10);
        assert_eq!(get(&cache, "a"), None);
    }
}

#[test]
fn while_a_commit_is_under_way_its_places_are_not_kept() {
    let cache = cache();
    fill(&cache, "a", 1);
    cache.suspend(&place("a"));
    assert_eq!(get(&cache, "a"), None);
    assert!(cache.ticket(sought("a")).is_none());
    cache.resume(&place("a"));
    fill(&cache, "a", 2);
    assert_eq!(get(&cache, "a"), Some(2));
}

#[test]
fn of_two_reads_the_later_one_fills() {
    let cache = cache();
    let first = cache.ticket(sought("a")).unwrap();
    let second = cache.ticket(sought("a")).unwrap();
    first.fill(&Arc::new(1), 10);
    assert_eq!(get(&cache, "a"), None);
    second.fill(&Arc::new(2), 10);
    assert_eq!(get(&cache, "a"), Some(2));
}

#[test]
fn a_read_that_was_given_up_leaves_nothing() {
    let cache = cache();
    drop(cache.ticket(sought("a")));
    assert!(cache.shards.iter().all(|shard| shard.read().unwrap().reads.is_empty()));
}

#[test]
fn memory_is_bounded() {
    let bytes = 1 << 20;
    let cache = Cache::new(bytes);
    for at in 0..10_000 {
        fill(&cache, &at.to_string(), at);
    }
    let entries: usize = cache
        .shards
        .iter()
        .map(|shard| {
            let shard = shard.read().unwrap();
            shard.young.len() + shard.old.len()
        })
        .sum();
    assert!(entries > 1_000, "{entries} entries");
    assert!(entries * (ENTRY_BYTES + 10) <= bytes, "{entries} entries");
}

#[test]
fn what_is_used_outlives_what_is_not() {
    let cache = Cache::new(1 << 20);
    fill(&cache, "used", 7);
    for at in 0..10_000 {
        fill(&cache, &at.to_string(), at);
        assert_eq!(get(&cache, "used"), Some(7), "after {at}");
    }
    assert_eq!(get(&cache, "0"), None);
}

#[test]
fn what_is_too_large_is_not_kept() {
    let cache = Cache::new(1 << 20);
    cache.ticket(sought("a")).unwrap().fill(&Arc::new(1), 1 << 20);
    assert_eq!(get(&cache, "a"), None);
}
