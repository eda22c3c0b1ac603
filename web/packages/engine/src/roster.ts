// The roster: who lives in the areas that this site serves, enough to recognise people at a table
// without network. Sealed with a key of its own, which is destroyed with it at the end of the shift.

import { fromBase64Url, toBase64Url, utf8 } from './bytes'
import type { FieldDb } from './database'
import { Vault } from './vault'
import type { Roster, RosterEntry } from './wire'

const KEY = 'roster'

export class RosterBook {
  private readonly byCode = new Map<string, RosterEntry>()
  private readonly byDocument = new Map<string, RosterEntry>()
  private readonly byNo = new Map<number, RosterEntry>()
  private readonly byHousehold = new Map<number, RosterEntry[]>()
  private readonly householdCodes = new Map<string, number>()

  private constructor(
    readonly asOf: string,
    readonly eraseAt: string,
    private readonly digestKey: CryptoKey,
    entries: RosterEntry[],
  ) {
    for (const entry of entries) this.index(entry)
  }

  private index(entry: RosterEntry): void {
    this.byNo.set(entry.no, entry)
    for (const code of entry.codes) this.byCode.set(code, entry)
    for (const digest of entry.documents) this.byDocument.set(digest, entry)
    const { household, household_code: code } = entry
    if (household === null || household === undefined) return
    const members = this.byHousehold.get(household) ?? []
    members.push(entry)
    this.byHousehold.set(household, members)
    if (code) this.householdCodes.set(code, household)
  }

  private static async from(roster: Roster): Promise<RosterBook> {
    const raw = fromBase64Url(roster.digest_key) ?? new Uint8Array(0)
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return new RosterBook(roster.as_of, roster.erase_at, key, roster.entries)
  }

  /** Stores a roster from the server, sealed under a fresh key, in place of the one before. */
  static async take(db: FieldDb, site: string, roster: Roster): Promise<RosterBook> {
    await RosterBook.erase(db)
    const vault = await Vault.open(db, KEY)
    const sealed = await vault.seal(roster, `roster/${site}`)
    await db.put('roster', { site, as_of: roster.as_of, erase_at: roster.erase_at, sealed }, KEY)
    return RosterBook.from(roster)
  }

  /** Reads the stored roster; one that is past its time is erased instead. */
  static async restore(db: FieldDb, now: number): Promise<RosterBook | undefined> {
    const stored = await db.get('roster', KEY)
    if (stored === undefined) return undefined
    if (Date.parse(stored.erase_at) <= now) {
      await RosterBook.erase(db)
      return undefined
    }
    const vault = await Vault.open(db, KEY)
    try {
      return RosterBook.from(await vault.unseal<Roster>(stored.sealed, `roster/${stored.site}`))
    } catch {
      // A roster that cannot be read is loaded again; it must not keep the field book from opening.
      await RosterBook.erase(db)
      return undefined
    }
  }

  static async erase(db: FieldDb): Promise<void> {
    await db.delete('roster', KEY)
    await Vault.destroy(db, KEY)
  }

  get size(): number {
    return this.byNo.size
  }

  no(no: number): RosterEntry | undefined {
    return this.byNo.get(no)
  }

  card(code: string): RosterEntry | undefined {
    return this.byCode.get(code)
  }

  async document(number: string): Promise<RosterEntry | undefined> {
    return this.byDocument.get(await digest(this.digestKey, number))
  }

  familyOf(entry: RosterEntry): RosterEntry[] {
    return (entry.household ? this.byHousehold.get(entry.household) : undefined) ?? [entry]
  }

  family(code: string): RosterEntry[] {
    const household = this.householdCodes.get(code)
    return household === undefined ? [] : (this.byHousehold.get(household) ?? [])
  }
}

/** HMAC-SHA-256 of the normal form of a number, first 12 bytes, base64url. */
export async function digest(key: CryptoKey, number: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', key, utf8(number))
  return toBase64Url(new Uint8Array(mac, 0, 12))
}

const COMPOUND =
  '欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空令狐'

/** The surname: all that a table shows of a name. */
export function surname(name: string): string {
  const text = name.trim()
  if (!/^\p{Script=Han}/u.test(text)) return text.split(/\s+/).at(-1) ?? ''
  const two = text.slice(0, 2)
  const at = text.length > 2 ? COMPOUND.indexOf(two) : -1
  return at >= 0 && at % 2 === 0 ? two : text.slice(0, 1)
}
