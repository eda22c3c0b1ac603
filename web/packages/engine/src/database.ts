// The device's IndexedDB. Nothing here is readable text about a person: what names somebody is sealed
// by the vault before it is stored.

import { openDB } from 'idb'
import type { DBSchema, IDBPDatabase } from 'idb'
import type { Sealed } from './vault'
import type { ExceptionKind, Holder, Op, Warning } from './wire'

/** `damaged`: the device cannot read it any more. It is shown until a person has put it right, and never sent. */
export type OutboxState = 'kept' | 'sending' | 'recorded' | 'exception' | 'damaged'

/** One command on its way. `open` is 1 until the server answered, so that an index finds the rest; 2 if it is damaged. */
export interface OutboxRecord {
  id: string
  seq: number
  at: string
  offline: boolean
  op: Op['op']
  sealed: Sealed
  state: OutboxState
  open: 0 | 1 | 2
  exception: ExceptionKind | null
  /** Who has the tube, if the server said so; records of an earlier version have no such field. */
  holder?: Holder | null
  warning: Warning | null
  attempts: number
  /** Not sent again before this time (milliseconds); only for a command that was refused alone. */
  not_before: number
  /** Problem code of such a refusal. */
  refused: string | null
}

export interface StoredRoster {
  site: string
  as_of: string
  erase_at: string
  sealed: Sealed
}

export interface FieldSchema extends DBSchema {
  keys: { key: string; value: CryptoKey | CryptoKeyPair }
  meta: { key: string; value: unknown }
  outbox: { key: string; value: OutboxRecord; indexes: { by_seq: number; by_open: [number, number] } }
  roster: { key: string; value: StoredRoster }
}

export type FieldDb = IDBPDatabase<FieldSchema>

/** Opens, and on first use makes, the device's database. */
export function openDatabase(name: string): Promise<FieldDb> {
  return openDB<FieldSchema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('keys')
      db.createObjectStore('meta')
      db.createObjectStore('roster')
      const outbox = db.createObjectStore('outbox', { keyPath: 'id' })
      outbox.createIndex('by_seq', 'seq', { unique: true })
      outbox.createIndex('by_open', ['open', 'seq'])
    },
  })
}
