//! The register: taking persons in, finding them, reading their records.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, home},
        id::PersonNo,
        time::Instant,
    },
    people::name,
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, Tx, Ty, Val};

/// A record of the register. Sealed cells stay sealed; whoever may see them opens them.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Number.
    pub no: PersonNo,
    /// Name.
    pub name: String,
    /// `male`, `female` or unknown.
    pub sex: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Sealed birth date, where no document tells it.
    pub birth_date: Option<Vec<u8>>,
    /// Village.
    pub living_area: AreaCode,
    /// Grid in it.
    pub grid: Option<AreaCode>,
    /// Where registered.
    pub residence_area: Option<AreaCode>,
    /// Household number.
    pub household: Option<i64>,
    /// Sealed address.
    pub address: Option<Vec<u8>>,
    /// Sealed phone.
    pub phone: Option<Vec<u8>>,
    /// Blind index of the phone.
    pub phone_blind: Option<Vec<u8>>,
    /// Employer or school.
    pub workplace: Option<String>,
    /// Group bits.
    pub groups: i64,
    /// Guardian, for a person without a document.
    pub guardian: Option<i64>,
    /// `active`, `provisional`, `merged`, `removed`.
    pub state: String,
    /// The record it was merged into.
    pub merged_into: Option<i64>,
    /// Import that brought it.
    pub source: Option<Uuid>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub changed_at: Instant,
    /// Counts changes.
    pub version: i64,
}

impl PersonRow {
    /// Where the person lives as exactly as it is known: what an account's area is compared with.
    #[must_use]
    pub fn home(&self) -> AreaCode {
        home(self.living_area, self.grid)
    }
}

const COLUMNS: &str = "no, name, sex, birth_year, birth_date, living_area, grid, residence_area, household, address, phone,
    phone_blind, workplace, groups, guardian, state, merged_into, source, created_at, changed_at, version";

fn person(row: &Row) -> Result<PersonRow> {
    Ok(PersonRow {
        no: row.at(0)?,
        name: row.at(1)?,
        sex: row.at(2)?,
        birth_year: row.at(3)?,
        birth_date: row.at(4)?,
        living_area: row.at(5)?,
        grid: row.at(6)?,
        residence_area: row.at(7)?,
        household: row.at(8)?,
        address: row.at(9)?,
        phone: row.at(10)?,
        phone_blind: row.at(11)?,
        workplace: row.at(12)?,
        groups: row.at(13)?,
        guardian: row.at(14)?,
        state: row.at(15)?,
        merged_into: row.at(16)?,
        source: row.at(17)?,
        created_at: row.at(18)?,
        changed_at: row.at(19)?,
        version: row.at(20)?,
    })
}

/// A document of a person.
#[derive(Debug, Clone)]
pub struct DocumentRow {
    /// Whose.
    pub person: PersonNo,
    /// Kind word.
    pub kind: String,
    /// Blind index.
    pub blind: Vec<u8>,
    /// Sealed number.
    pub number: Vec<u8>,
}

static PERSONS: Bulk = Bulk {
    table: "person",
    columns: &[
        ("bucket", Ty::I64),
        ("no", Ty::I64),
        ("name", Ty::Text),
        ("name_key", Ty::Blob),
        ("initials", Ty::Text),
        ("sex", Ty::Text),
        ("birth_year", Ty::I64),
        ("birth_date", Ty::Blob),
        ("living_area", Ty::I64),
        ("grid", Ty::I64),
        ("residence_area", Ty::I64),
        ("household", Ty::I64),
        ("address", Ty::Blob),
        ("phone", Ty::Blob),
        ("phone_blind", Ty::Blob),
        ("workplace", Ty::Text),
        ("groups", Ty::I64),
        ("guardian", Ty::I64),
        ("state", Ty::Text),
        ("source", Ty::Blob),
        ("created_at", Ty::I64),
        ("changed_at", Ty::I64),
        ("version", Ty::I64),
    ],
    on_conflict: "",
};

/// A person with everything that a register knows, ready to be kept.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Number.
    pub no: PersonNo,
    /// Name.
    pub name: String,
    /// Folded name, UTF-8.
    pub name_key: Vec<u8>,
    /// Pinyin initials.
    pub initials: String,
    /// Sex word.
    pub sex: Option<&'static str>,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Sealed birth date, where no document tells it.
    pub birth_date: Option<Vec<u8>>,
    /// Village.
    pub living_area: AreaCode,
    /// Grid.
    pub grid: Option<AreaCode>,
    /// Where registered.
    pub residence_area: Option<AreaCode>,
    /// Household number.
    pub household: Option<i64>,
    /// Sealed address.
    pub address: Option<Vec<u8>>,
    /// Sealed phone.
    pub phone: Option<Vec<u8>>,
    /// Blind index of the phone.
    pub phone_blind: Option<[u8; 16]>,
    /// Employer or school.
    pub workplace: Option<String>,
    /// Group bits.
    pub groups: i64,
    /// Guardian.
    pub guardian: Option<i64>,
    /// Document: kind word, blind index, sealed number.
    pub document: Option<(&'static str, [u8; 16], Vec<u8>)>,
}

fn blob(cell: Option<&Vec<u8>>) -> Val<'_> {
    cell.map_or(Val::Null, Val::from)
}

impl Tx<'_> {
    /// Adds persons with their documents. The documents are written in the order of their blind
    /// index: one pass over the tree instead of a jump a row.
    pub fn register_persons(&self, persons: &[Registered], source: Option<Uuid>, now: Instant) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = persons.iter().map(|p| self.person_cells(p, source, now)).collect();
        let added = self.bulk(&PERSONS, &rows)?;
        let mut documents: Vec<([u8; 16], &str, &[u8], PersonNo)> = persons
            .iter()
            .filter_map(|p| p.document.as_ref().map(|(kind, blind, number)| (*blind, *kind, number.as_slice(), p.no)))
            .collect();
        documents.sort_unstable_by_key(|document| document.0);
        self.add_documents(&documents)?;
        Ok(added)
    }

    fn person_cells<'p>(&self, p: &'p Registered, source: Option<Uuid>, now: Instant) -> Vec<Val<'p>> {
        vec![
            self.person_bucket(p.no.0).into(),
            p.no.into(),
            (&p.name).into(),
            (&p.name_key).into(),
            (&p.initials).into(),
            p.sex.into(),
            p.birth_year.into(),
            blob(p.birth_date.as_ref()),
            p.living_area.into(),
            p.grid.into(),
            p.residence_area.into(),
            p.household.into(),
            blob(p.address.as_ref()),
            blob(p.phone.as_ref()),
            p.phone_blind.map_or(Val::Null, Val::Uuid),
            p.workplace.as_ref().map_or(Val::Null, Val::from),
            p.groups.into(),
            p.guardian.into(),
            "active".into(),
            source.into(),
            now.into(),
            now.into(),
            1i64.into(),
        ]
    }

    /// Adds documents; one that exists makes the call fail with the number of rows.
    pub fn add_documents(&self, documents: &[([u8; 16], &str, &[u8], PersonNo)]) -> Result<()> {
        static DOCUMENTS: Bulk = Bulk {
            table: "document",
            columns: &[("bucket", Ty::I64), ("blind", Ty::Blob), ("kind", Ty::Text), ("number", Ty::Blob), ("person", Ty::I64)],
            on_conflict: "ON CONFLICT (bucket, blind) DO NOTHING",
        };
        let rows: Vec<Vec<Val<'_>>> = documents
            .iter()
            .map(|(blind, kind, number, person)| {
                vec![self.bucket(blind).into(), Val::Uuid(*blind), (*kind).into(), (*number).into(), (*person).into()]
            })
            .collect();
        let (changed, expected) = (self.bulk(&DOCUMENTS, &rows)?, documents.len() as u64);
        if changed == expected { Ok(()) } else { Err(crate::StoreError::Rows { table: "document", expected, changed }) }
    }

    /// Which of these blind indexes are known, and whose they are.
    pub fn owners_of_documents(&self, blinds: &[[u8; 16]]) -> Result<HashMap<[u8; 16], i64>> {
        let slices: Vec<&[u8]> = blinds.iter().map(<[u8; 16]>::as_slice).collect();
        let buckets = self.buckets_of(slices.iter().copied());
        let rows = self.query(
            "SELECT blind, person FROM document WHERE bucket = ANY($1) AND blind IN BLOBS($2)",
            &[Val::I64s(&buckets), Val::Blobs(&slices)],
        )?;
        rows.iter()
            .map(|row| {
                let blind: Uuid = row.at(0)?;
                Ok((blind.into_bytes(), row.at(1)?))
            })
            .collect()
    }

    /// Records by number, in the order of the numbers given; removed ones included.
    pub fn persons(&self, numbers: &[i64]) -> Result<Vec<PersonRow>> {
        static SQL: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| format!("SELECT {COLUMNS} FROM person WHERE bucket = ANY($1) AND no IN I64S($2)"));
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        let rows = self.query(SQL.as_str(), &[Val::I64s(&buckets), Val::I64s(numbers)])?;
        let mut found: HashMap<i64, PersonRow> = HashMap::with_capacity(rows.len());
        for row in &rows {
            let record = person(row)?;
            found.insert(record.no.0, record);
        }
        Ok(numbers.iter().filter_map(|no| found.remove(no)).collect())
    }

    /// Numbers of persons whose folded name begins with `prefix` and who live in the area, by name.
    pub fn numbers_by_name(&self, prefix: &str, area: AreaCode, limit: i64) -> Result<Vec<i64>> {
        let key = name::key(prefix).into_bytes();
        let mut end = key.clone();
        end.push(0xFF);
        let (low, high) = area.village_range();
        self.query(
            "SELECT no FROM person WHERE name_key >= $1 AND name_key < $2 AND living_area >= $3 AND living_area < $4
                 AND (CAST($6 AS BIGINT) = 0 OR grid = $6) ORDER BY name_key, living_area, no LIMIT $5",
            &[(&key).into(), (&end).into(), low.into(), high.into(), limit.into(), area.grid_number().into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Numbers of persons whose initials begin with `prefix` (lower-case ASCII) and who live in the area.
    pub fn numbers_by_initials(&self, prefix: &str, area: AreaCode, limit: i64) -> Result<Vec<i64>> {
        let (low, high) = area.village_range();
        // Initials are lower-case letters only, so a run of z ends the range in any collation.
        let end = format!("{prefix}zzzzzzzzzzzzzzzz");
        self.query(
            "SELECT no FROM person WHERE initials >= $1 AND initials <= $2 AND living_area >= $3 AND living_area < $4
                 AND (CAST($6 AS BIGINT) = 0 OR grid = $6) ORDER BY initials, living_area, no LIMIT $5",
            &[prefix.into(), (&end).into(), low.into(), high.into(), limit.into(), area.grid_number().into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Numbers of persons with this phone.
    pub fn numbers_by_phone(&self, blind: &[u8; 16], limit: i64) -> Result<Vec<i64>> {
        self.query("SELECT no FROM person WHERE phone_blind = $1 ORDER BY no LIMIT $2", &[blind.into(), limit.into()])?
            .iter()
            .map(|row| row.at(0))
            .collect()
    }

    /// Documents of some persons.
    pub fn document_rows(&self, persons: &[i64]) -> Result<Vec<DocumentRow>> {
        self.query("SELECT person, kind, blind, number FROM document WHERE person = ANY($1) ORDER BY person, kind", &[Val::I64s(persons)])?
            .iter()
            .map(|row| Ok(DocumentRow { person: row.at(0)?, kind: row.at(1)?, blind: row.at(2)?, number: row.at(3)? }))
            .collect()
    }

    /// Persons living in an area, by number, after `after`.
    pub fn numbers_in_area(&self, area: AreaCode, after: i64, limit: i64) -> Result<Vec<i64>> {
        let (low, high) = area.village_range();
        // One village is read along its index; a larger area is listed village by village by the caller.
        self.query(
            "SELECT no FROM person WHERE living_area >= $1 AND living_area < $2 AND no > $3
                 AND (CAST($5 AS BIGINT) = 0 OR grid = $5) ORDER BY living_area, no LIMIT $4",
            &[low.into(), high.into(), after.into(), limit.into(), area.grid_number().into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// How many times persons were sampled.
    pub fn count_collections_of(&self, numbers: &[i64]) -> Result<i64> {
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        let sql = "SELECT COUNT(*) FROM person_collection WHERE bucket = ANY($1) AND person IN I64S($2) AND state = 'valid'";
        self.query_opt(sql, &[Val::I64s(&buckets), Val::I64s(numbers)])?.map_or(Ok(0), |row| row.at(0))
    }
}
