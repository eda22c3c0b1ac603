// @vitest-environment node
// What a worn-out phone does to its own memory: a record that cannot be read is set aside and shown, the others go on.
import { classify } from '../classify'
import { tubeFromSerial } from '../codes'
import type { OutboxRecord } from '../database'
import { villager } from '@allclear/mock'
import { describe, expect, it } from 'vitest'
import { Scenario } from './scenario'

/** A phone with five swabs that were not sent. */
async function withFive(): Promise<{ phone: Scenario; ids: string[] }> {
  const phone = await Scenario.phone()
  phone.world.connected = false
  await phone.field.desk.putTube(tubeFromSerial(1))
  for (let no = 1; no <= 5; no += 1) {
    const found = await phone.field.desk.recognise(classify(villager(no).card))
    if (!found.ok || !found.people[0]) throw new Error('not recognised')
    await phone.field.desk.register(found.people[0])
  }
  phone.world.connected = true
  return { phone, ids: (await phone.field.history()).map((record) => record.id) }
}

const DAMAGES: [string, (record: OutboxRecord) => unknown][] = [
  ['a bit of it is flipped', (record) => {
    const data = record.sealed.data.slice(0)
    const bytes = new Uint8Array(data)
    bytes[3] = (bytes[3] ?? 0) ^ 1
    return { ...record, sealed: { ...record.sealed, data } }
  }],
  ['it is cut short', (record) => ({ ...record, sealed: { ...record.sealed, data: record.sealed.data.slice(0, 5) } })],
  ['it lost its content', ({ sealed: _, ...rest }) => rest],
  ['it lost its number', ({ seq: _, ...rest }) => rest],
  ['it lost its mark', ({ open: _, ...rest }) => rest],
  ['it belongs to another record', (record) => ({ ...record, sealed: { ...record.sealed, iv: new Uint8Array(12) } })],
]

describe('a damaged record', () => {
  it.each(DAMAGES)('%s: set aside, shown, in nobody\'s way', async (_, damage) => {
    const { phone, ids } = await withFive()
    const [, second] = ids
    const record = (await phone.field.history())[1]
    if (record === undefined || second === undefined) throw new Error('no record')
    await phone.field.db.put('outbox', damage(record) as OutboxRecord)
    await phone.reload()
    expect(phone.field.counts).toMatchObject({ kept: 4, damaged: 1 })
    await phone.sync()
    expect(phone.server.collections).toBe(4)
    expect(phone.field.counts).toMatchObject({ kept: 0, recorded: 4, damaged: 1 })
    // It stays in sight over reloads and past the end of the shift, and its label is asked for without harm.
    await phone.reload()
    await phone.field.desk.sealTube(tubeFromSerial(1), 4)
    await phone.sync()
    await phone.field.endShift()
    const left = (await phone.field.history()).filter((one) => one.state === 'damaged')
    expect(left.map((one) => one.id)).toEqual([second])
    expect(await phone.field.labelOf(left[0] as OutboxRecord)).toBe('')
    // Only a person lets it go; of the others nothing can be let go so.
    await phone.field.forgetDamaged(second)
    expect(phone.field.counts.damaged).toBe(0)
    expect((await phone.field.history()).some((one) => one.id === second)).toBe(false)
  })

  it('found out while sending is set aside too, also when a whole batch is damaged', async () => {
    const { phone, ids } = await withFive()
    for (const record of await phone.field.history()) {
      if (record.id !== ids[4]) await phone.field.db.put('outbox', { ...record, sealed: { ...record.sealed, data: new ArrayBuffer(4) } })
    }
    await phone.sync()
    expect(phone.server.collections).toBe(1)
    expect(phone.field.counts).toMatchObject({ kept: 0, sending: 0, recorded: 1, damaged: 4 })
    await phone.field.forgetDamaged(ids[4] ?? '')
    expect(phone.field.counts.recorded).toBe(1)
  })

  it('does not become one again when the server has it', async () => {
    const { phone } = await withFive()
    await phone.sync()
    const [first] = await phone.field.history()
    if (first === undefined) throw new Error('no record')
    await phone.field.db.put('outbox', { ...first, sealed: { ...first.sealed, data: new ArrayBuffer(4) } })
    await phone.reload()
    expect(phone.field.counts).toMatchObject({ recorded: 5, damaged: 0 })
  })

  it('a lost key or roster keeps no phone from opening', async () => {
    const { phone } = await withFive()
    await phone.field.db.delete('keys', 'vault')
    await phone.field.db.delete('keys', 'roster')
    await phone.reload()
    expect(phone.field.counts).toMatchObject({ kept: 0, damaged: 5 })
    expect(phone.field.identity).toBeUndefined()
    expect(phone.field.roster).toBeUndefined()
  })
})
