// The outbox. A command gets its id and number and is on disk before anything is sent; it leaves
// only when the server has answered `recorded` or `exception` and the shift is over.

import type { FieldDb, OutboxRecord } from './database'
import type { Vault } from './vault'
import { rfc3339 } from './world'
import type { World } from './world'
import type { Command, Op, Outcome } from './wire'

/** What the device knows beside the command: a surname to show. Never sent. */
export interface Note {
  label: string
}

export interface Entry extends Note {
  command: Command
}

export interface OutboxCounts {
  kept: number
  sending: number
  recorded: number
  exception: number
  /** Kept ones that the server refused as malformed: a person must look. */
  refused: number
  /** Ones that this device cannot read any more: a person must register them again. */
  damaged: number
}

/** Whether a record still has everything by which it is found, shown and opened. */
function whole(record: OutboxRecord): boolean {
  return (
    Number.isInteger(record.seq) &&
    Number.isFinite(Date.parse(record.at)) &&
    (record.open === 0 || record.open === 1) &&
    record.sealed?.iv instanceof Uint8Array &&
    record.sealed.data instanceof ArrayBuffer
  )
}

export class Outbox {
  constructor(
    private readonly db: FieldDb,
    private readonly vault: Vault,
    private readonly world: World,
    private readonly newId: () => string,
  ) {}

  /** Stores a command. It is durable when this resolves, and only then may the app say "recorded". */
  async keep(op: Op, note: Note): Promise<Entry> {
    const id = this.newId()
    const at = rfc3339(this.world.now())
    const offline = !this.world.online()
    // Sealing comes first: an IndexedDB transaction ends while it waits for anything else.
    const sealed = await this.vault.seal({ op, label: note.label }, `outbox/${id}`)
    const tx = this.db.transaction(['outbox', 'meta'], 'readwrite', { durability: 'strict' })
    const meta = tx.objectStore('meta')
    const seq = (((await meta.get('seq')) as number | undefined) ?? 0) + 1
    const record: OutboxRecord = {
      id,
      seq,
      at,
      offline,
      op: op.op,
      sealed,
      state: 'kept',
      open: 1,
      exception: null,
      warning: null,
      attempts: 0,
      not_before: 0,
      refused: null,
    }
    await Promise.all([meta.put(seq, 'seq'), tx.objectStore('outbox').add(record), tx.done])
    return { command: { ...op, id, device_seq: seq, at, offline }, label: note.label }
  }

  /** Every record, oldest first; not by an index, which would pass over one that lost its number. */
  async records(): Promise<OutboxRecord[]> {
    const records = await this.db.getAll('outbox')
    return records.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
  }

  /** Sets a record aside that cannot be read: it stays on disk and in sight, and the others go on without it. */
  private async setAside(id: string): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const record = await tx.store.get(id)
    // What the server has answered is safe there; only what it never heard of needs a person.
    if (record !== undefined && record.open !== 0) await tx.store.put({ ...record, state: 'damaged', open: 2 })
    await tx.done
  }

  /** The command of a record, or nothing if it cannot be read; then it is set aside. */
  async read(record: OutboxRecord): Promise<Entry | undefined> {
    try {
      if (!whole(record)) throw new TypeError('a part of the record is missing')
      const entry = await this.readBack(record)
      if (typeof entry.command.op !== 'string') throw new TypeError('no operation')
      return entry
    } catch {
      await this.setAside(record.id)
      return undefined
    }
  }

  /** A person has seen to a damaged record: only then it goes. */
  async forgetDamaged(id: string): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const record = await tx.store.get(id)
    if (record?.state === 'damaged') await tx.store.delete(id)
    await tx.done
  }

  private async readBack(record: OutboxRecord): Promise<Entry> {
    const { op, label } = await this.vault.unseal<{ op: Op } & Note>(record.sealed, `outbox/${record.id}`)
    const { id, seq, at, offline } = record
    return { command: { ...op, id, device_seq: seq, at, offline }, label }
  }

  /** The oldest commands without an answer, at most `limit`, marked as being sent. */
  async take(limit: number): Promise<Command[]> {
    for (;;) {
      const picked = await this.pick(limit)
      const entries = await Promise.all(picked.map((record) => this.read(record)))
      const commands = entries.flatMap((entry) => (entry === undefined ? [] : [entry.command]))
      // All of them damaged: they are set aside, and the next ones come.
      if (commands.length > 0 || picked.length === 0) return commands
    }
  }

  private async pick(limit: number): Promise<OutboxRecord[]> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const now = this.world.now()
    const picked: OutboxRecord[] = []
    let cursor = await tx.store.index('by_open').openCursor(IDBKeyRange.bound([1, 0], [1, Number.MAX_SAFE_INTEGER]))
    while (cursor && picked.length < limit) {
      const record = cursor.value
      if (record.not_before <= now) {
        picked.push({ ...record, state: 'sending', attempts: record.attempts + 1 })
      }
      cursor = await cursor.continue()
    }
    await Promise.all([...picked.map((record) => tx.store.put(record)), tx.done])
    return picked
  }

  /** Files answers by id, in whatever order and however often they come. Returns the records that got their first answer. */
  async answer(outcomes: Outcome[]): Promise<OutboxRecord[]> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const news: OutboxRecord[] = []
    for (const outcome of outcomes) {
      const record = await tx.store.get(outcome.id)
      if (record === undefined) continue
      const { state, exception = null, holder = null, warning = null } = outcome
      const filed: OutboxRecord = { ...record, state, exception, holder, warning, open: 0, refused: null, not_before: 0 }
      await tx.store.put(filed)
      if (record.open === 1) news.push(filed)
    }
    await tx.done
    return news
  }

  /** Commands that were sent without an answer wait again. */
  async giveBack(ids: string[], refused?: { code: string; notBefore: number }): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite')
    for (const id of ids) {
      const record = await tx.store.get(id)
      if (record === undefined || record.open !== 1) continue
      const parked = refused ? { refused: refused.code, not_before: refused.notBefore } : {}
      await tx.store.put({ ...record, state: 'kept', ...parked })
    }
    await tx.done
  }

  /** Forgets what the server has. Commands without an answer always stay. */
  async purgeAnswered(): Promise<number> {
    const tx = this.db.transaction('outbox', 'readwrite')
    const answered = await tx.store.index('by_open').getAllKeys(IDBKeyRange.bound([0, 0], [0, Number.MAX_SAFE_INTEGER]))
    await Promise.all([...answered.map((id) => tx.store.delete(id)), tx.done])
    return answered.length
  }
}
