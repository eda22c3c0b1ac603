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

  /** Every record, oldest first. */
  records(): Promise<OutboxRecord[]> {
    return this.db.getAllFromIndex('outbox', 'by_seq')
  }

  async readBack(record: OutboxRecord): Promise<Entry> {
    const { op, label } = await this.vault.unseal<{ op: Op } & Note>(record.sealed, `outbox/${record.id}`)
    const { id, seq, at, offline } = record
    return { command: { ...op, id, device_seq: seq, at, offline }, label }
  }

  /** The oldest commands without an answer, at most `limit`, marked as being sent. */
  async take(limit: number): Promise<Command[]> {
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
    return Promise.all(picked.map(async (record) => (await this.readBack(record)).command))
  }

  /** Files answers by id, in whatever order and however often they come. Returns the records that got their first answer. */
  async answer(outcomes: Outcome[]): Promise<OutboxRecord[]> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const news: OutboxRecord[] = []
    for (const outcome of outcomes) {
      const record = await tx.store.get(outcome.id)
      if (record === undefined) continue
      const { state, exception, warning } = outcome
      const filed: OutboxRecord = { ...record, state, exception, warning, open: 0, refused: null, not_before: 0 }
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
      if (record === undefined || record.open === 0) continue
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
