// Hand-over of boxes between two phones: the giver shows a statement, the taker scans it and shows
// the counter-statement, the giver scans that. Each side keeps its half; the server joins them.

import type { Field } from './field'
import { HANDOVER_BOXES_MAX, read, sign } from './handover'
import type { Statement } from './handover'
import { rfc3339 } from './world'

export type HandOverRefusal =
  | 'not_enrolled'
  | 'no_boxes'
  | 'too_many_boxes'
  | 'not_a_statement'
  | 'wrong_side'
  | 'own_statement'
  | 'other_handover'
  | 'boxes_differ'

export type HandOverAnswer<T> = ({ ok: true } & T) | { ok: false; refusal: HandOverRefusal }

const refuse = (refusal: HandOverRefusal): { ok: false; refusal: HandOverRefusal } => ({ ok: false, refusal })

/** What the giver waits for, kept on disk so that a reload in mid-street changes nothing. */
export interface Offer {
  text: string
  statement: Statement
}

export class Courier {
  offer: Offer | undefined
  /** The last counter-statement, to be shown again. */
  receipt: Offer | undefined

  constructor(private readonly field: Field) {}

  async restore(): Promise<void> {
    this.offer = (await this.field.db.get('meta', 'offer')) as Offer | undefined
    this.receipt = (await this.field.db.get('meta', 'receipt')) as Offer | undefined
  }

  private async signed(
    half: Pick<Statement, 'handover' | 'side' | 'boxes' | 'destination'>,
    device: string,
  ): Promise<Offer> {
    const { handover, side, destination } = half
    const boxes = [...half.boxes].sort()
    const statement: Statement = {
      v: 1,
      handover,
      side,
      boxes,
      device,
      at: rfc3339(this.field.world.now()),
      destination,
    }
    return { statement, text: await sign(statement, this.field.signKey) }
  }

  /** The giver makes a statement to show. */
  give(boxes: string[], destination: string | null): Promise<HandOverAnswer<Offer>> {
    return this.field.inTurn(async () => {
      const device = this.field.identity?.device
      if (device === undefined) return refuse('not_enrolled')
      if (boxes.length === 0) return refuse('no_boxes')
      if (boxes.length > HANDOVER_BOXES_MAX) return refuse('too_many_boxes')
      const where = destination?.trim() || null
      const offer = await this.signed(
        { handover: this.field.newId(), side: 'giver', boxes, destination: where },
        device,
      )
      await this.field.db.put('meta', offer, 'offer')
      this.offer = offer
      this.field.tell()
      return { ok: true, ...offer }
    })
  }

  /** Reads a giver's statement before the taker says yes. */
  inspect(text: string): HandOverAnswer<{ statement: Statement }> {
    const statement = read(text)
    if (statement === undefined) return refuse('not_a_statement')
    if (statement.side !== 'giver') return refuse('wrong_side')
    if (statement.device === this.field.identity?.device) return refuse('own_statement')
    return { ok: true, statement }
  }

  /** The taker counted the boxes and says yes: keeps its half and makes the counter-statement. */
  take(text: string): Promise<HandOverAnswer<Offer>> {
    return this.field.inTurn(async () => {
      const device = this.field.identity?.device
      if (device === undefined) return refuse('not_enrolled')
      const seen = this.inspect(text)
      if (!seen.ok) return seen
      const { handover, boxes } = seen.statement
      // The same giver's code scanned twice is one hand-over: show the same receipt again.
      if (this.receipt?.statement.handover === handover) return { ok: true, ...this.receipt }
      const receipt = await this.signed({ handover, side: 'taker', boxes, destination: null }, device)
      await this.field.keep({ op: 'hand_over', handover, side: 'taker', boxes, counterpart: text, destination: null })
      await this.field.db.put('meta', receipt, 'receipt')
      this.receipt = receipt
      this.field.tell()
      return { ok: true, ...receipt }
    })
  }

  /** The giver scans the counter-statement: the boxes are gone from here. */
  complete(text: string): Promise<HandOverAnswer<{ boxes: string[] }>> {
    return this.field.inTurn(async () => {
      const offer = this.offer
      const answer = read(text)
      if (answer === undefined) return refuse('not_a_statement')
      if (answer.side !== 'taker') return refuse('wrong_side')
      if (offer === undefined || answer.handover !== offer.statement.handover) return refuse('other_handover')
      const { handover, boxes, destination } = offer.statement
      if (answer.boxes.join() !== boxes.join()) return refuse('boxes_differ')
      await this.field.keep({ op: 'hand_over', handover, side: 'giver', boxes, counterpart: text, destination })
      await this.cancel()
      return { ok: true, boxes }
    })
  }

  /** The other side has no phone: the giver's half stands alone until a reception confirms it. */
  completeAlone(): Promise<HandOverAnswer<{ boxes: string[] }>> {
    return this.field.inTurn(async () => {
      if (this.offer === undefined) return refuse('no_boxes')
      const { handover, boxes, destination } = this.offer.statement
      await this.field.keep({ op: 'hand_over', handover, side: 'giver', boxes, counterpart: null, destination })
      await this.cancel()
      return { ok: true, boxes }
    })
  }

  /** The giver changed his mind before anybody scanned. */
  async cancel(): Promise<void> {
    this.offer = undefined
    await this.field.db.delete('meta', 'offer')
    this.field.tell()
  }

  /** The giver has scanned the receipt; it need not be shown any more. */
  async putReceiptAway(): Promise<void> {
    this.receipt = undefined
    await this.field.db.delete('meta', 'receipt')
    this.field.tell()
  }
}
