// A small synthetic town for stories and browser tests. Every number is made up and clearly so: the
// documents carry the reserved sequence 999 of a county that has no such births.

import { digest, fromBase64Url, residentCheck, secretFromRandom, toBase64Url } from '@allclear/engine'
import type { Roster, RosterEntry, Shift } from '@allclear/engine'

const SURNAMES = ['王', '李', '张', '刘', '陈', '杨', '欧阳', '赵', '黄', '周', '吴', '徐']
const GIVEN = ['小明', '建国', '秀英', '伟', '芳', '娜', '敏', '静', '磊', '洋', '艳', '勇']

export interface Villager {
  no: number
  name: string
  card: string
  number: string
  household: number
  householdCode: string
}

function bytesOf(seed: number): Uint8Array {
  const bytes = new Uint8Array(10)
  let state = seed * 2_654_435_761 + 1
  for (let i = 0; i < 10; i += 1) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i) >>> 0
    bytes[i] = state & 255
  }
  return bytes
}

/** Villager `no`, from 1. Households have three members. */
export function villager(no: number): Villager {
  const household = Math.floor((no - 1) / 3) + 1
  const year = 1940 + (no % 80)
  const month = String(1 + (no % 12)).padStart(2, '0')
  const day = String(1 + (no % 28)).padStart(2, '0')
  const seventeen = `330784${year}${month}${day}999`
  return {
    no,
    name: (SURNAMES[household % SURNAMES.length] ?? '王') + (GIVEN[no % GIVEN.length] ?? '伟'),
    card: secretFromRandom('P', bytesOf(no)),
    number: seventeen + residentCheck(seventeen),
    household,
    householdCode: secretFromRandom('H', bytesOf(household + 1_000_000)),
  }
}

const DIGEST_KEY = toBase64Url(new Uint8Array(32).fill(7))

export async function townRoster(population: number, asOf: string, eraseAt: string): Promise<Roster> {
  const raw = fromBase64Url(DIGEST_KEY) ?? new Uint8Array(0)
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const entries: RosterEntry[] = []
  for (let no = 1; no <= population; no += 1) {
    const one = villager(no)
    entries.push({
      no,
      name: one.name,
      codes: [one.card],
      documents: [await digest(key, one.number)],
      household: one.household,
      household_code: one.householdCode,
      sampled: false,
    })
  }
  return { as_of: asOf, digest_key: DIGEST_KEY, entries, erase_at: eraseAt }
}

export const ROUND = '0190a000-0000-7000-8000-00000000000a'
export const SITE = '0190a000-0000-7000-8000-00000000000b'

export function townShift(asOf: string): Shift {
  const site = {
    id: SITE,
    name: '石柱镇 下里溪村 采样点',
    area: '330784105201',
    serves: ['330784105201'],
    stations: 4,
    longitude: 120.1,
    latitude: 28.9,
    hours: '08:00-20:00',
    open: true,
  }
  const round = {
    id: ROUND,
    name: '第一轮全员',
    state: 'open' as const,
    areas: ['330784'],
    tube_kind: 'pool10' as const,
    starts_at: asOf,
    ends_at: asOf,
    profile_version: 1,
    expected: 2000,
  }
  return { site, rounds: [round], kinds: [], go_to: null, closed_reason: null, as_of: asOf }
}
