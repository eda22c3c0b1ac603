// @vitest-environment node
// Two phones in the street, without network.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { boxFromSerial } from '../codes'
import { canonical, read, verify } from '../handover'
import type { Statement } from '../handover'
import { Scenario } from './scenario'

const BOXES = [boxFromSerial(2), boxFromSerial(1)]

it('both sides sign, both keep a half, and the server gets two halves of one hand-over', async () => {
  const giver = await Scenario.phone(0)
  const taker = await Scenario.phone(0, 'courier')
  const offer = await giver.field.courier.give(BOXES, '市疾控中心')
  if (!offer.ok) throw new Error(offer.refusal)
  expect(await verify(offer.text, giver.field.publicKey)).toBe(true)
  expect(await verify(offer.text, taker.field.publicKey)).toBe(false)
  expect(offer.text.length).toBeLessThan(900)

  const receipt = await taker.field.courier.take(offer.text)
  if (!receipt.ok) throw new Error(receipt.refusal)
  expect(await verify(receipt.text, taker.field.publicKey)).toBe(true)
  expect(taker.field.tally.boxesIn('carried')).toHaveLength(2)
  // Scanned again by a nervous hand: the same receipt, no second half.
  expect(await taker.field.courier.take(offer.text)).toMatchObject({ ok: true, text: receipt.text })

  await giver.reload()
  expect((await giver.field.courier.complete(receipt.text)).ok).toBe(true)
  expect(giver.field.tally.boxesIn('given')).toHaveLength(2)
  expect(giver.field.courier.offer).toBeUndefined()

  await giver.sync()
  await taker.sync()
  const half = (phone: Scenario) => [...phone.server.handovers.values()].flat()[0]
  expect(half(giver)).toMatchObject({ side: 'giver', counterpart: receipt.text, destination: '市疾控中心' })
  expect(half(taker)).toMatchObject({ side: 'taker', counterpart: offer.text, boxes: [...BOXES].sort() })
})

it('refuses what is not the other half', async () => {
  const giver = await Scenario.phone(0)
  const taker = await Scenario.phone(0, 'courier')
  const first = await giver.field.courier.give(BOXES, null)
  if (!first.ok) throw new Error(first.refusal)
  expect(giver.field.courier.inspect(first.text)).toMatchObject({ refusal: 'own_statement' })
  const receipt = await taker.field.courier.take(first.text)
  if (!receipt.ok) throw new Error(receipt.refusal)
  expect(taker.field.courier.inspect(receipt.text)).toMatchObject({ refusal: 'wrong_side' })
  expect(await giver.field.courier.complete(first.text)).toMatchObject({ refusal: 'wrong_side' })
  await giver.field.courier.give([BOXES[0] ?? ''], null)
  expect(await giver.field.courier.complete(receipt.text)).toMatchObject({ refusal: 'other_handover' })
  expect(await giver.field.courier.complete('ACH1.x.y')).toMatchObject({ refusal: 'not_a_statement' })
  expect(await giver.field.courier.give([], null)).toMatchObject({ refusal: 'no_boxes' })
  const many = Array.from({ length: 31 }, (_, i) => boxFromSerial(i))
  expect(await giver.field.courier.give(many, null)).toMatchObject({ refusal: 'too_many_boxes' })
})

interface Vectors {
  good: { text: string; public_key: string; statement: Statement; canonical: string }[]
  bad: { why: string; text: string; public_key: string }[]
}

it('agrees with the shared vectors', async () => {
  const path = new URL('../../../../../contract/vectors/handover.json', import.meta.url)
  const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors
  for (const { text, public_key, statement, canonical: json } of vectors.good) {
    expect(read(text)).toEqual(statement)
    expect(canonical(statement)).toBe(json)
    expect(await verify(text, public_key)).toBe(true)
  }
  for (const { text, public_key, why } of vectors.bad) expect(await verify(text, public_key), why).toBe(false)
})
