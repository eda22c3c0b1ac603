import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { createHttp } from './http'
import { useAct, useLoad } from './load'
import { createSession, noteWork, type Me } from './session'

const me: Me = {
  account: 'a',
  name: 'lead',
  display_name: 'Lead',
  grants: [
    { role: 'site_lead', area: '330784105' },
    { role: 'registrar', area: '330784105' },
    { role: 'registrar', area: '330784106' },
  ],
  expires_at: '2022-01-05T11:00:00Z',
}

function session(status: number, body: unknown) {
  const held = ref<Me>()
  const http = createHttp({ fetch: async () => new Response(JSON.stringify(body), { status }) })
  return createSession(http, held)
}

describe('the session', () => {
  it('knows the roles and the areas where they hold', async () => {
    const one = session(200, me)
    expect(one.known.value).toBe(false)
    await one.refresh()
    expect(one.signedIn.value).toBe(true)
    expect([one.has('registrar'), one.has('headquarters', 'site_lead'), one.has('auditor')]).toEqual([true, true, false])
    expect(one.areas('registrar', 'site_lead')).toEqual(['330784105', '330784106'])
  })

  it('is absent, not broken, when nobody is signed in', async () => {
    const one = session(401, {})
    await one.refresh()
    expect([one.known.value, one.signedIn.value]).toEqual([true, false])
  })

  it('is known to be unknown when the server is away', async () => {
    const one = session(503, {})
    await expect(one.refresh()).rejects.toThrow()
    expect([one.known.value, one.signedIn.value]).toEqual([true, false])
  })
})

describe('loading', () => {
  it('never lets an older answer overwrite a newer one', async () => {
    const answers: ((value: string) => void)[] = []
    const loaded = useLoad(() => new Promise<string>((done) => answers.push(done)))
    const first = loaded.load()
    const second = loaded.load()
    answers[1]?.('new')
    await second
    answers[0]?.('old')
    await first
    expect([loaded.value.value, loaded.busy.value]).toEqual(['new', false])
  })

  it('keeps what was shown when a reload fails', async () => {
    let fails = false
    const loaded = useLoad(async () => {
      if (fails) throw new Error('gone')
      return 'shown'
    })
    await loaded.load()
    fails = true
    await loaded.load()
    expect([loaded.value.value, loaded.error.value?.code]).toEqual(['shown', 'unreadable_answer'])
  })
})

describe('acting', () => {
  it('runs one action at a time', async () => {
    const { run, busy } = useAct()
    let runs = 0
    let finish: () => void = () => undefined
    const action = () => {
      runs += 1
      return new Promise<void>((done) => (finish = done))
    }
    const first = run(action)
    expect([busy.value, await run(action)]).toEqual([true, false])
    finish()
    expect([await first, runs, busy.value]).toEqual([true, 1, false])
  })
})

describe('work at a page', () => {
  it('is noted once in ten minutes, and by nobody who is not signed in', () => {
    const target = new EventTarget()
    const signedIn = ref(true)
    let [time, notes] = [0, 0]
    const stop = noteWork({ signedIn, refresh: async () => void (notes += 1) }, target, () => time)
    const touch = (minutes: number) => {
      time = minutes * 60_000
      target.dispatchEvent(new Event('keydown'))
      target.dispatchEvent(new Event('pointerdown'))
      return notes
    }
    expect([touch(9), touch(10), touch(19), touch(20)]).toEqual([0, 1, 1, 2])
    signedIn.value = false
    expect(touch(40)).toBe(2)
    signedIn.value = true
    stop()
    expect(touch(60)).toBe(2)
  })

  it('that cannot be noted without network stops nobody', async () => {
    const target = new EventTarget()
    let time = 0
    noteWork({ signedIn: ref(true), refresh: () => Promise.reject(new Error('no network')) }, target, () => time)
    time = 11 * 60_000
    expect(target.dispatchEvent(new Event('keydown'))).toBe(true)
    await Promise.resolve()
  })
})
