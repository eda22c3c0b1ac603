import { describe, expect, it } from 'vitest'
import { asProblem, createHttp, ProblemError } from './http'

function answering(status: number, body: unknown, type = 'application/json') {
  const seen: { url: string; init: RequestInit }[] = []
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const http = createHttp({
    fetch: async (input, init) => {
      seen.push({ url: String(input), init: init ?? {} })
      return new Response(status === 204 ? null : text, { status, headers: { 'Content-Type': type } })
    },
  })
  return { http, seen }
}

const caught = async (promise: Promise<unknown>) => asProblem(await promise.catch((error: unknown) => error))
const headers = (init: RequestInit | undefined) => init?.headers as Record<string, string>

describe('http', () => {
  it('marks every request that changes something', async () => {
    const { http, seen } = answering(200, {})
    await http.get('/tasks', { query: { after: 'x', area: '', kind: undefined, own: false } })
    await http.post('/enrolments', { body: { account: 'a', label: 'l' } })
    expect(seen[0]?.url).toBe('/api/v1/tasks?after=x&own=false')
    expect(headers(seen[0]?.init)['X-Allclear']).toBeUndefined()
    expect(headers(seen[1]?.init)['X-Allclear']).toBe('1')
    expect(seen[1]?.init).toMatchObject({ method: 'POST', body: '{"account":"a","label":"l"}' })
  })

  it('fills the holes of an address, whatever is put into them', async () => {
    const { http, seen } = answering(200, {})
    await http.get('/trace/{kind}/{code}', { path: { kind: 'tube', code: 'a/b?c' }, token: 'secret' })
    expect(seen[0]?.url).toBe('/api/v1/trace/tube/a%2Fb%3Fc')
    expect(headers(seen[0]?.init)['Authorization']).toBe('Bearer secret')
    expect(http.url('/labels/{kind}', { path: { kind: 'tube.pdf' }, query: { from: 1 } })).toBe('/api/v1/labels/tube.pdf?from=1')
  })

  it('sends bytes as they are and takes a file as it is', async () => {
    const { http, seen } = answering(200, 'a,b', 'text/csv')
    const bytes = new Blob(['\u00ff'], { type: 'text/csv' })
    await caught(http.post('/areas', { body: bytes }))
    expect(seen[0]?.init.body).toBe(bytes)
    expect(headers(seen[0]?.init)['Content-Type']).toBe('application/octet-stream')
    const file = await http.file('post', '/labels/cards', { body: { reason: 'r' } })
    expect(await file.text()).toBe('a,b')
  })

  it('turns problem details into an error with text in both languages', async () => {
    const problem = { type: 't', title: 'x', status: 409, code: 'round_closed', text_zh: '轮次已结束', text_en: 'The round is closed' }
    const { http } = answering(409, problem, 'application/problem+json')
    const error = await caught(http.post('/tasks/{id}/take', { path: { id: 'x' } }))
    expect(error).toBeInstanceOf(ProblemError)
    expect([error.code, error.text('zh-CN'), error.text('en')]).toEqual(['round_closed', '轮次已结束', 'The round is closed'])
  })

  it('says so when the answer is no problem document', async () => {
    const { http } = answering(502, '<html>Bad gateway</html>', 'text/html')
    const error = await caught(http.get('/rounds'))
    expect([error.code, error.status]).toEqual(['unreadable_answer', 502])
  })

  it('says so when nothing answers', async () => {
    const http = createHttp({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) })
    const error = await caught(http.get('/rounds'))
    expect([error.code, error.isOffline]).toEqual(['network', true])
    expect(error.text('zh-CN')).toContain('网络')
  })

  it('tells the session when it has ended', async () => {
    let ended = 0
    const http = createHttp({
      onSignedOut: () => (ended += 1),
      fetch: async () => new Response('{}', { status: 401 }),
    })
    await caught(http.get('/session'))
    expect(ended).toBe(1)
  })

  it('reads an empty answer as nothing', async () => {
    const { http } = answering(204, '')
    expect(await http.delete('/session')).toBeUndefined()
  })
})

// The type checker is this test (`npm run check`): each call is right but for one thing, and must not pass.
it('takes nothing that the contract does not know', async () => {
  const { http, seen } = answering(200, '{}')
  const path = { id: 'x' }
  const calls: Promise<unknown>[] = [
    http.put('/accounts/{id}/active', { path, body: { active: true } }),
    // @ts-expect-error: no such address.
    http.get('/acounts'),
    // @ts-expect-error: the address has no such method.
    http.delete('/accounts'),
    // @ts-expect-error: a hole is left open.
    http.get('/rounds/{id}'),
    // @ts-expect-error: the hole has another name.
    http.get('/rounds/{id}', { path: { round: 'x' } }),
    // @ts-expect-error: persons have numbers.
    http.get('/people/{no}', { path: { no: 'x' } }),
    // @ts-expect-error: no such parameter.
    http.get('/tasks', { query: { arae: '330784' } }),
    // @ts-expect-error: a parameter that must be given is not.
    http.get('/exemptions'),
    // @ts-expect-error: the body is missing.
    http.put('/accounts/{id}/active', { path }),
    // @ts-expect-error: no such field.
    http.put('/accounts/{id}/active', { path, body: { activ: true } }),
    // @ts-expect-error: the field is of another type.
    http.put('/accounts/{id}/active', { path, body: { active: 'yes' } }),
    // @ts-expect-error: nothing is sent to this address.
    http.post('/tasks/{id}/take', { path, body: {} }),
    // @ts-expect-error: bytes are not JSON.
    http.post('/areas', { body: { rows: [] } }),
    // @ts-expect-error: this is a file.
    http.get('/reports/{name}', { path: { name: 'daily.pdf' } }),
    // @ts-expect-error: this is no file.
    http.file('get', '/rounds'),
    // @ts-expect-error: the answer has no such field.
    http.get('/rounds').then((page) => page.lines),
    // @ts-expect-error: nothing is answered.
    http.delete('/session').then((nothing) => nothing.ok),
  ]
  await Promise.allSettled(calls)
  expect(seen).toHaveLength(calls.length)
})
