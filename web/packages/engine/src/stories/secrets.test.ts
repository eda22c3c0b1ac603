// @vitest-environment node
// What lies on a lost phone: nothing that names anybody, and nothing of the roster after the shift.
import { villager } from '@allclear/mock'
import { expect, it } from 'vitest'
import { classify } from '../classify'
import { tubeFromSerial } from '../codes'
import type { FieldDb } from '../database'
import { Scenario } from './scenario'

/** Everything in the database as one text, bytes included. */
async function dump(db: FieldDb): Promise<string> {
  const decoder = new TextDecoder('utf-8')
  const text = (value: unknown): string => {
    if (value instanceof ArrayBuffer) return decoder.decode(value)
    if (ArrayBuffer.isView(value)) return decoder.decode(value)
    if (value instanceof CryptoKey) return value.extractable && value.type !== 'public' ? 'EXTRACTABLE' : ''
    if (typeof value === 'object' && value !== null) return Object.values(value).map(text).join('|')
    return String(value)
  }
  let all = ''
  for (const store of ['keys', 'meta', 'outbox', 'roster'] as const) all += text(await db.getAll(store))
  return all
}

it('seals names, numbers, cards and the token at rest', async () => {
  const phone = await Scenario.phone()
  await phone.field.desk.putTube(tubeFromSerial(1))
  const byHand = await phone.field.desk.byHand({ name: '欧阳无名', phone: '13900000000' })
  const stranger = await phone.field.desk.recognise(classify(villager(31).number))
  for (const found of [byHand.ok ? byHand.person : undefined, stranger.ok ? stranger.people[0] : undefined]) {
    if (!found) throw new Error('not recognised')
    expect((await phone.field.desk.register(found)).ok).toBe(true)
  }
  const text = await dump(phone.field.db)
  for (const secret of [
    '欧阳',
    '13900000000',
    villager(31).number,
    villager(1).card,
    villager(1).name,
    'EXTRACTABLE',
  ]) {
    expect(text).not.toContain(secret)
  }
  expect(text).not.toMatch(/\bsecret\b/)
})

it('erases the roster and its key at the end of the shift, by clock and by button', async () => {
  const phone = await Scenario.phone()
  expect(phone.field.roster?.size).toBe(30)
  phone.world.ms += 12 * 3_600_000
  await phone.field.tick()
  expect(phone.field.roster).toBeUndefined()
  expect(await phone.field.db.count('roster')).toBe(0)
  expect(await phone.field.db.get('keys', 'roster')).toBeUndefined()
  await phone.reload()
  expect(phone.field.roster).toBeUndefined()

  const other = await Scenario.phone()
  await other.field.eraseRoster()
  expect(await other.field.db.get('keys', 'roster')).toBeUndefined()
})

it('a phone that was off at the end of the shift erases the roster when it starts', async () => {
  const phone = await Scenario.phone()
  await phone.field.close()
  phone.world.ms += 13 * 3_600_000
  await phone.reload()
  expect(phone.field.roster).toBeUndefined()
  expect(await phone.field.db.count('roster')).toBe(0)
})

it('without a roster a code is still taken, and the server says who it is', async () => {
  const phone = await Scenario.phone(0)
  await phone.field.desk.putTube(tubeFromSerial(1))
  const found = await phone.field.desk.recognise(classify(villager(1).card))
  if (!found.ok || !found.people[0]) throw new Error('not recognised')
  expect(found.people[0].person).toEqual({ by: 'code', code: villager(1).card })
  expect((await phone.field.desk.register(found.people[0])).ok).toBe(true)
  expect(await phone.field.desk.recognise(classify(villager(1).householdCode))).toMatchObject({
    refusal: 'family_unknown',
  })
})

it('ending the shift forgets what the server has and keeps what it has not', async () => {
  const phone = await Scenario.phone()
  const tube = tubeFromSerial(1)
  await phone.field.desk.putTube(tube)
  const found = await phone.field.desk.recognise(classify(villager(1).card))
  if (!found.ok || !found.people[0]) throw new Error('not recognised')
  await phone.field.desk.register(found.people[0])
  await phone.field.desk.sealTube(tube, 1)
  expect(await phone.field.endShift()).toEqual({ unsent: 2, settled: true })
  expect(await phone.field.history()).toHaveLength(2)
  await phone.sync()
  expect(await phone.field.endShift()).toEqual({ unsent: 0, settled: true })
  expect(await phone.field.history()).toHaveLength(0)
})
