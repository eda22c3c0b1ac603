// The field app without its screens: everything a registrar or courier does with a phone.
// One `Field` a device. Every act is checked here, kept in the outbox, then folded into the tally;
// acts are done one after the other, so that two scans in a hurry cannot meet.

import { openDatabase } from './database'
import type { FieldDb, OutboxRecord } from './database'
import { Desk } from './desk'
import { Courier } from './courier'
import { Outbox } from './outbox'
import type { OutboxCounts } from './outbox'
import { RosterBook } from './roster'
import { Sender } from './sender'
import type { Transport } from './sender'
import { Tally } from './tally'
import { Vault, deviceKeys } from './vault'
import type { Sealed, DeviceKeys } from './vault'
import { deviceWorld, idMaker } from './world'
import type { World } from './world'
import type { Op, Roster, Shift } from './wire'

export interface Identity {
  device: string
  deviceNo: number
  token: string
  name: string
  roles: string[]
}

/** Where this device works now. */
export interface Post {
  shift: Shift
  round: string
  station: number
}

const NOTHING: OutboxCounts = { kept: 0, sending: 0, recorded: 0, exception: 0, refused: 0, damaged: 0 }

/** The person may still stand at the table: later news wait on the outbox page. */
const REMARK_MS = 60_000

export interface FieldOptions {
  name?: string
  world?: World
  /** Makes the transport; `token` gives the device token of the moment. */
  transport?: (token: () => string | undefined) => Transport
}

export class Field {
  readonly tally = new Tally()
  readonly desk: Desk
  readonly courier: Courier
  identity: Identity | undefined
  post: Post | undefined
  roster: RosterBook | undefined
  /** Where this phone worked last, to offer it first. */
  lastSite: string | undefined
  counts: OutboxCounts = { ...NOTHING }
  private readonly listeners = new Set<() => void>()
  private readonly remarkListeners = new Set<(record: OutboxRecord, label: string) => void>()
  private turn: Promise<unknown> = Promise.resolve()
  private refreshes = 0

  private constructor(
    readonly db: FieldDb,
    readonly world: World,
    readonly newId: () => string,
    private readonly vault: Vault,
    private readonly keys: DeviceKeys,
    readonly outbox: Outbox,
    private sender: Sender | undefined,
  ) {
    this.desk = new Desk(this)
    this.courier = new Courier(this)
  }

  /** Opens the device's field book and folds what is on disk. */
  static async open(options: FieldOptions = {}): Promise<Field> {
    const world = options.world ?? deviceWorld
    const db = await openDatabase(options.name ?? 'allclear-field')
    const vault = await Vault.open(db, 'vault')
    const newId = idMaker(world)
    const outbox = new Outbox(db, vault, world, newId)
    const field = new Field(db, world, newId, vault, await deviceKeys(db), outbox, undefined)
    if (options.transport !== undefined) {
      const transport = options.transport(() => field.identity?.token)
      const changed = () => field.refresh()
      field.sender = new Sender(db, outbox, world, transport, changed, (records) => field.remark(records))
    }
    await field.restore()
    return field
  }

  private async restore(): Promise<void> {
    const identity = (await this.db.get('meta', 'identity')) as Sealed | undefined
    // A token that cannot be read asks for a sign-in; what is kept waits for it.
    if (identity !== undefined) {
      this.identity = await this.vault.unseal<Identity>(identity, 'identity').catch(() => undefined)
    }
    this.post = (await this.db.get('meta', 'post')) as Post | undefined
    this.lastSite = (await this.db.get('meta', 'last_site')) as string | undefined
    this.roster = await RosterBook.restore(this.db, this.world.now())
    for (const record of await this.outbox.records()) {
      const entry = await this.outbox.read(record)
      if (entry !== undefined) this.tally.apply(entry)
      this.tally.answered(record)
    }
    await this.desk.restore()
    await this.courier.restore()
    await this.refresh()
  }

  /** Reads outcomes and counts from disk and tells the screens. */
  async refresh(): Promise<void> {
    this.refreshes += 1
    const mine = this.refreshes
    const counts: OutboxCounts = { ...NOTHING }
    const records = await this.outbox.records()
    // A slower, older reading must not overwrite a newer one.
    if (mine !== this.refreshes) return
    for (const record of records) {
      counts[record.state] += 1
      if (record.refused !== null) counts.refused += 1
      this.tally.answered(record)
    }
    this.counts = counts
    this.tell()
  }

  /** Tells the screens that something changed. */
  tell(): void {
    for (const listener of this.listeners) listener()
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Hears what the server said about something that happened just now: an exception or a warning. */
  onRemark(listener: (record: OutboxRecord, label: string) => void): () => void {
    this.remarkListeners.add(listener)
    return () => this.remarkListeners.delete(listener)
  }

  private async remark(records: OutboxRecord[]): Promise<void> {
    const since = this.world.now() - REMARK_MS
    for (const record of records) {
      const worth = record.exception !== null || record.warning === 'already_sampled' || record.warning === 'round_closing'
      if (!worth || Date.parse(record.at) < since) continue
      const label = await this.labelOf(record)
      for (const listener of this.remarkListeners) listener(record, label)
    }
  }

  /** Does one act after the other. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.turn.then(act)
    this.turn = result.catch(() => undefined)
    return result
  }

  /** Keeps a command and folds it in. Durable when it resolves. */
  async keep(op: Op, label = ''): Promise<string> {
    const entry = await this.outbox.keep(op, { label })
    this.tally.apply(entry)
    this.counts = { ...this.counts, kept: this.counts.kept + 1 }
    this.sender?.kick()
    this.tell()
    return entry.command.id
  }

  get publicKey(): string {
    return this.keys.publicKey
  }

  get signKey(): CryptoKey {
    return this.keys.sign
  }

  get clockOffsetMs(): number | undefined {
    return this.sender?.clockOffsetMs
  }

  get waitUntil(): number {
    return this.sender?.waitUntil ?? 0
  }

  /** Whether the server refuses the token that this device has. What is kept waits until somebody signs in again. */
  get signedOut(): boolean {
    return this.identity !== undefined && (this.sender?.signedOut ?? false)
  }

  /** Remembers who this device acts for; the token lies sealed. */
  async enrolled(identity: Identity): Promise<void> {
    await this.db.put('meta', await this.vault.seal(identity, 'identity'), 'identity')
    this.identity = identity
    this.sender?.signedIn()
    this.tell()
  }

  /** Takes up work at a site. Without a roster people are recognised by the server later. */
  async takePost(post: Post, roster: Roster | undefined): Promise<void> {
    await this.db.put('meta', JSON.parse(JSON.stringify(post)), 'post')
    this.post = post
    this.lastSite = post.shift.site.id
    await this.db.put('meta', this.lastSite, 'last_site')
    if (roster !== undefined) this.roster = await RosterBook.take(this.db, post.shift.site.id, roster)
    this.tell()
  }

  /** Takes news of the place where this device works: closed, kinds of tube, rounds. */
  async renewShift(shift: Shift): Promise<void> {
    if (this.post === undefined || this.post.shift.site.id !== shift.site.id) return
    this.post = { ...this.post, shift }
    await this.db.put('meta', JSON.parse(JSON.stringify(this.post)), 'post')
    this.tell()
  }

  /** Erases the roster at once; what was collected stays. */
  async eraseRoster(): Promise<void> {
    await RosterBook.erase(this.db)
    this.roster = undefined
    this.tell()
  }

  /** To be called every minute: erases a roster that is past its time. */
  async tick(): Promise<void> {
    if (this.roster !== undefined && Date.parse(this.roster.eraseAt) <= this.world.now()) await this.eraseRoster()
  }

  /** Ends the shift: the roster goes; answered commands go too, unless something is half done here. */
  async endShift(): Promise<{ unsent: number; settled: boolean }> {
    await this.eraseRoster()
    await this.refresh()
    const unsent = this.counts.kept + this.counts.sending
    const settled = this.tally.settled
    if (unsent === 0 && settled) {
      await this.outbox.purgeAnswered()
      this.tally.tubes.clear()
      this.tally.boxes.clear()
    }
    await this.db.delete('meta', 'post')
    this.post = undefined
    await this.desk.leave()
    await this.refresh()
    return { unsent, settled }
  }

  /** Forgets who this device acts for. What is not sent yet waits for the next sign-in. */
  async signOut(): Promise<void> {
    await this.endShift()
    await this.db.delete('meta', 'identity')
    this.identity = undefined
    this.tell()
  }

  history(): Promise<OutboxRecord[]> {
    return this.outbox.records()
  }

  async labelOf(record: OutboxRecord): Promise<string> {
    const entry = await this.outbox.read(record)
    // Found damaged just now: whoever shows the numbers shows it as that.
    if (entry === undefined && record.open === 1) await this.refresh()
    return entry?.label ?? ''
  }

  /** A person has registered again what a damaged record said: it goes. */
  async forgetDamaged(id: string): Promise<void> {
    await this.outbox.forgetDamaged(id)
    await this.refresh()
  }

  startSending(): void {
    this.sender?.start()
  }

  stopSending(): void {
    this.sender?.stop()
  }

  sendNow(): void {
    this.sender?.kick(true)
  }

  /** One batch, for stories. */
  async step(): Promise<string> {
    return (await this.sender?.step()) ?? 'idle'
  }

  async close(): Promise<void> {
    this.stopSending()
    await this.turn
    this.db.close()
  }
}
