use allclear_domain::{kernel::id::Id, people::groups::Groups};
use allclear_store::{StoreConfig, imports::ImportRow};

use super::*;
use crate::people::import::{areas, columns, file};

const AREAS: &str = include_str!("../../../../../data/330784-areas.csv");

struct Desk {
    store: Store,
    keys: Arc<Keys>,
    places: Arc<Places>,
    folder: std::path::PathBuf,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn desk(name: &str) -> Desk {
    let folder = std::env::temp_dir().join(format!("allclear-intake-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let keys = Arc::new(Keys::from_master(&[7; 32]));
    let store = Store::open(&StoreConfig::Sqlite(folder.join("t.db")), Arc::clone(&keys)).await.unwrap();
    let areas = areas::read(AREAS.as_bytes().to_vec()).unwrap();
    let named: Vec<_> = areas.iter().map(|place| (place.code, place.name.clone())).collect();
    store
        .run("import_areas", move |tx| {
            tx.upsert_areas(&areas.iter().map(|place| (place.code, place.name.as_str(), place.population as i64)).collect::<Vec<_>>())
        })
        .await
        .unwrap();
    Desk { store, keys, places: Arc::new(Places::new(&named)), folder }
}

impl Desk {
    fn order(&self, source: Source, import: Option<Id<Import>>) -> Order {
        Order {
            source,
            import,
            scopes: vec![AreaCode::parse("330784").unwrap()],
            places: Arc::clone(&self.places),
            ages: AgeGroups { infant_below_months: 36, child_below_years: 14 },
            batch_rows: 2,
            cards: false,
            today: Date::new(2022, 1, 5).unwrap(),
            now: Instant(1_641_340_800_000_000),
        }
    }

    async fn file(&self, number: u128, text: &str) -> (Id<Import>, ImportCounts) {
        let (id, counts) = self.attempt(number, text, 2).await;
        (id, counts.unwrap())
    }

    async fn attempt(&self, number: u128, text: &str, batch_rows: usize) -> (Id<Import>, Result<ImportCounts, StoreError>) {
        let table = Arc::new(file::read(text.as_bytes().to_vec()).unwrap());
        let mapping = columns::guess(&table.header);
        let id = Id::new(uuid::Uuid::from_u128(number));
        let row = ImportRow {
            id,
            file_name: "t.csv".into(),
            format: table.format.describe(),
            header: "[]".into(),
            mapping: "[]".into(),
            area: None,
            state: "running".into(),
            rows_total: 0,
            counts: ImportCounts::default(),
            kept_on_undo: 0,
            problem: None,
            created_by: "test".into(),
            created_at: Instant(0),
            finished_at: None,
            scopes: vec![AreaCode::parse("330784").unwrap()],
        };
        self.store.run("upload", move |tx| tx.insert_import(&row)).await.unwrap();
        let order = Order { batch_rows, ..self.order(Source::Table { table, mapping, area: None }, Some(id)) };
        (id, run(&self.store, &self.keys, order, |_| ()).await)
    }
}

const FILE: &str = "姓名,证件号码,手机号,村社区,户号,监护人证件号码
张三,11010519491231002X,13800138000,石柱镇塘里村,1,
李小妹,,,石柱镇塘里村,1,11010519491231002X
王五,E12345678,,石柱镇塘里村,2,
错了,110105194912310021,,石柱镇塘里村,3,
张三,11010519491231002X,13800138000,石柱镇塘里村,1,
张三丰,11010519491231002X,,石柱镇塘里村,1,
";

#[tokio::test]
async fn good_rows_go_in_bad_ones_and_doubles_wait() {
    let desk = desk("good").await;
    let (id, counts) = desk.file(1, FILE).await;
    assert_eq!(counts, ImportCounts { rows_done: 6, added: 3, unchanged: 1, bad: 1, parked: 1 });
    let (bad, parked) = desk
        .store
        .read("look", move |tx| Ok::<_, StoreError>((tx.import_rows(id, "bad", true, 0, 10)?, tx.import_rows(id, "parked", true, 0, 10)?)))
        .await
        .unwrap();
    assert_eq!((bad[0].line, bad[0].reasons.as_str()), (5, r#"[["document_number","document_check_digit"]]"#));
    assert_eq!((parked[0].line, parked[0].reasons.as_str()), (7, r#"[["document_number","double_in_file"]]"#));
    let people = desk
        .store
        .read("look", |tx| {
            let area = AreaCode::parse("330784").unwrap();
            let numbers = [tx.numbers_by_initials("z", area, 9)?, tx.numbers_by_name("李", area, 9)?, tx.numbers_by_name("王五", area, 9)?];
            tx.persons(&numbers.concat())
        })
        .await
        .unwrap();
    let told: Vec<_> = people.iter().map(|p| (p.name.as_str(), p.household, p.guardian, Groups(p.groups).iter().count())).collect();
    let first = people[0].no.0;
    assert_eq!(told, [("张三", Some(first), None, 0), ("李小妹", Some(first), Some(first), 0), ("王五", Some(people[2].no.0), None, 0)]);
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_a_new_phone_waits_for_a_decision() {
    let desk = desk("again").await;
    desk.file(1, FILE).await;
    let (_, again) = desk.file(2, FILE).await;
    assert_eq!(again, ImportCounts { rows_done: 6, added: 0, unchanged: 4, bad: 1, parked: 1 });
    let changed = "姓名,证件号码,手机号,村社区\n张三,110105491231002,13900139000,石柱镇塘里村\n李四,E12345678,,石柱镇塘里村\n";
    let (id, counts) = desk.file(3, changed).await;
    assert_eq!(counts, ImportCounts { rows_done: 2, added: 0, unchanged: 0, bad: 0, parked: 2 });
    let parked = desk.store.read("look", move |tx| tx.import_rows(id, "parked", true, 0, 10)).await.unwrap();
    assert!(parked[0].reasons.contains("known_with_other_details") && parked[1].reasons.contains("known_with_other_name"));
}

#[tokio::test]
async fn an_import_is_taken_back_whole() {
    let desk = desk("undo").await;
    let (id, _) = desk.file(1, FILE).await;
    let back = desk.store.run("undo_import", move |tx| tx.take_back(id, allclear_domain::kernel::id::PersonNo(0), 1000)).await.unwrap();
    assert_eq!((back.1, back.2), (3, 0));
    let (_, again) = desk.file(2, FILE).await;
    assert_eq!(again.added, 3, "nothing of the first is left");
}

/// The file of a store may grow no further: what a quota does, on any machine. The real disk is in
/// the integration tests.
#[tokio::test]
async fn a_store_that_may_not_grow_stops_an_import_between_two_commits() {
    let desk = desk("quota").await;
    let rows: String = (0..12_000).map(|n| format!("应采薇,E{n:08},石柱镇塘里村\n")).collect();
    let file = format!("姓名,证件号码,村社区\n{rows}");
    desk.store.run("test", |tx| tx.limit_growth(Some(500))).await.unwrap();
    let (id, stopped) = desk.attempt(1, &file, 5_000).await;
    assert!(matches!(stopped, Err(StoreError::Full(_))), "{stopped:?}");
    let counts = desk.store.read("look", move |tx| tx.import(id)).await.unwrap().unwrap().counts;
    assert!((1..12_000).contains(&counts.added), "some commits went in, one did not: {counts:?}");
    assert_eq!(counts.rows_done, counts.added, "the counts are those of the commits");
    desk.store.run("test", |tx| tx.limit_growth(None)).await.unwrap();
    let (_, again) = desk.attempt(2, &file, 5_000).await;
    let again = again.unwrap();
    assert_eq!((again.added, again.unchanged), (12_000 - counts.added, counts.added), "the same file goes on from there");
}

#[tokio::test]
async fn a_step_that_breaks_is_an_error_and_never_a_short_import() {
    struct Broken;
    impl Census for Broken {
        fn households(&self, _: &mut dyn FnMut(Vec<crate::people::import::row::Newcomer>) -> bool) {
            panic!("a census that breaks");
        }
    }
    let desk = desk("broken").await;
    let order = desk.order(Source::Census(Arc::new(Broken)), None);
    assert!(matches!(run(&desk.store, &desk.keys, order, |_| ()).await, Err(StoreError::Engine(_))));
}
