// Sends the outbox. Halves its batch when the server says it is too much, waits as long as it is
// told, and takes every failure as "not yet": nothing here can lose a command.

import type { FieldDb, OutboxRecord } from './database'
import type { Outbox } from './outbox'
import { rfc3339 } from './world'
import type { World } from './world'
import type { SyncRequest, SyncResponse } from './wire'

export type SendResult =
  | { kind: 'answered'; response: SyncResponse }
  | { kind: 'too_large' }
  | { kind: 'busy'; retryAfterMs: number | undefined }
  | { kind: 'unreachable' }
  | { kind: 'signed_out' }
  | { kind: 'refused'; code: string }

export type Transport = (request: SyncRequest) => Promise<SendResult>

export type Step = 'idle' | 'sent' | 'wait' | 'signed_out'

export const BATCH_MAX = 200
const BACK_OFF_FIRST_MS = 1_000
const BACK_OFF_MAX_MS = 60_000
/** How long a command rests that the server refused alone, so that the others go on. */
const PARKED_MS = 300_000

function chance(world: World): number {
  const bytes = new Uint8Array(4)
  world.fill(bytes)
  return new DataView(bytes.buffer).getUint32(0) / 0x1_0000_0000
}

export class Sender {
  limit = BATCH_MAX
  /** Server clock minus device clock, milliseconds; undefined until the first answer. */
  clockOffsetMs: number | undefined
  /** The server no longer takes this device's token: it was taken back, or has ended. */
  signedOut = false
  /** Device time before which nothing is sent. */
  waitUntil = 0
  private failures = 0
  private busy = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false

  constructor(
    private readonly db: FieldDb,
    private readonly outbox: Outbox,
    private readonly world: World,
    private readonly transport: Transport,
    private readonly changed: () => Promise<void>,
    /** Hears of each answered record; a sync has ended only when this has, too. */
    private readonly answered: (records: OutboxRecord[]) => Promise<void>,
  ) {}

  /** Sends one batch. Safe to call at any time; two at once become one. */
  async step(): Promise<Step> {
    if (this.busy) return 'wait'
    if (this.world.now() < this.waitUntil) return 'wait'
    this.busy = true
    try {
      return await this.sendOne()
    } finally {
      this.busy = false
    }
  }

  private async sendOne(): Promise<Step> {
    const commands = await this.outbox.take(this.limit)
    if (commands.length === 0) return 'idle'
    void this.changed()
    const sentAt = this.world.now()
    const result = await this.transport({ sent_at: rfc3339(sentAt), commands }).catch((): SendResult => ({
      kind: 'unreachable',
    }))
    const ids = commands.map((command) => command.id)
    const step = await this.file(result, ids, sentAt)
    await this.changed()
    return step
  }

  private async file(result: SendResult, ids: string[], sentAt: number): Promise<Step> {
    // No answer says nothing about the token.
    if (result.kind !== 'unreachable') this.signedOut = result.kind === 'signed_out'
    switch (result.kind) {
      case 'answered':
        return this.fileAnswers(result.response, ids, sentAt)
      case 'too_large':
        await this.outbox.giveBack(ids)
        if (this.limit === 1) this.backOff(undefined)
        this.limit = Math.max(1, Math.floor(Math.min(this.limit, ids.length) / 2))
        return 'wait'
      case 'busy':
        await this.outbox.giveBack(ids)
        this.limit = Math.max(1, Math.floor(Math.min(this.limit, ids.length) / 2))
        this.backOff(result.retryAfterMs)
        return 'wait'
      case 'unreachable':
        await this.outbox.giveBack(ids)
        this.backOff(undefined)
        return 'wait'
      case 'signed_out':
        await this.outbox.giveBack(ids)
        this.backOff(BACK_OFF_MAX_MS)
        return 'signed_out'
      case 'refused':
        return this.fileRefusal(result.code, ids)
    }
  }

  private async fileAnswers(response: SyncResponse, ids: string[], sentAt: number): Promise<Step> {
    const now = this.world.now()
    const server = Date.parse(response.received_at)
    if (Number.isFinite(server)) {
      this.clockOffsetMs = Math.round(server - (sentAt + now) / 2)
      await this.db.put('meta', this.clockOffsetMs, 'clock_offset_ms')
    }
    const news = await this.outbox.answer(response.outcomes)
    const answered = new Set(response.outcomes.map((outcome) => outcome.id))
    await this.outbox.giveBack(ids.filter((id) => !answered.has(id)))
    await this.answered(news)
    if (news.length === 0) {
      this.backOff(undefined)
      return 'wait'
    }
    this.failures = 0
    this.waitUntil = 0
    this.limit = Math.min(BATCH_MAX, this.limit * 2)
    return 'sent'
  }

  /** A malformed command must not hold up the others: halve until it is alone, then park it. */
  private async fileRefusal(code: string, ids: string[]): Promise<Step> {
    if (ids.length === 1) {
      await this.outbox.giveBack(ids, { code, notBefore: this.world.now() + PARKED_MS })
      return 'sent'
    }
    await this.outbox.giveBack(ids)
    this.limit = Math.max(1, Math.floor(ids.length / 2))
    return 'sent'
  }

  private backOff(atLeastMs: number | undefined): void {
    const ceiling = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** this.failures)
    this.failures += 1
    const jittered = ceiling / 2 + (ceiling / 2) * chance(this.world)
    const told = atLeastMs === undefined ? 0 : atLeastMs * (1 + 0.2 * chance(this.world))
    this.waitUntil = this.world.now() + Math.max(jittered, told)
  }

  /** There is a new token. */
  signedIn(): void {
    this.signedOut = false
    this.kick(true)
  }

  /** Keeps sending until `stop`. */
  start(): void {
    this.running = true
    this.kick()
  }

  stop(): void {
    this.running = false
    clearTimeout(this.timer)
  }

  /** Something was kept, or the network came back: try now unless told to wait. */
  kick(networkIsBack = false): void {
    if (!this.running) return
    if (networkIsBack) {
      this.failures = 0
      this.waitUntil = 0
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.loop(), 0)
  }

  private async loop(): Promise<void> {
    let step: Step = 'wait'
    try {
      do step = await this.step()
      while (step === 'sent' && this.running)
    } catch {
      // The store refused (full disk, private mode): the commands are where they were; try later.
      this.backOff(undefined)
    }
    if (!this.running) return
    const pause = Math.max(50, this.waitUntil - this.world.now())
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.loop(), step === 'idle' ? 15_000 : pause)
  }
}

/** The transport over HTTP. `token` is read at each send, so that signing in again is enough. */
export function httpTransport(token: () => string | undefined, timeoutMs = 30_000): Transport {
  return async (request) => {
    const bearer = token()
    if (bearer === undefined) return { kind: 'signed_out' }
    const response = await fetch('/api/v1/sync', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(timeoutMs),
      cache: 'no-store',
      credentials: 'omit',
    })
    return resultOf(response)
  }
}

/** What an HTTP answer means for the batch. */
export async function resultOf(response: Response): Promise<SendResult> {
  if (response.ok) return { kind: 'answered', response: (await response.json()) as SyncResponse }
  const { status } = response
  if (status === 413) return { kind: 'too_large' }
  if (status === 401) return { kind: 'signed_out' }
  if (status === 429 || status === 503) {
    return { kind: 'busy', retryAfterMs: retryAfterMs(response.headers.get('retry-after')) }
  }
  if (status === 400 || status === 422) {
    const problem = (await response.json().catch(() => ({}))) as { code?: string }
    return { kind: 'refused', code: problem.code ?? String(status) }
  }
  return { kind: 'unreachable' }
}

function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const until = Date.parse(header)
  return Number.isFinite(until) ? Math.max(0, until - Date.now()) : undefined
}
