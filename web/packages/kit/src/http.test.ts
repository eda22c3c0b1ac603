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

describe('http', () => {
  it('marks every request that changes something', async () => {
    const { http, seen } = answering(200, {})
    await http.get('/rounds', { after: 'x', empty: '', none: undefined })
    await http.post('/rounds', { name: 'r' })
    expect(seen[0]?.url).toBe('/api/v1/rounds?after=x')
    expect((seen[0]?.init.headers as Record<string, string>)['X-Allclear']).toBeUndefined()
    expect((seen[1]?.init.headers as Record<string, string>)['X-Allclear']).toBe('1')
  })

  it('turns problem details into an error with text in both languages', async () => {
    const problem = { type: 't', title: 'x', status: 409, code: 'round_closed', text_zh: '轮次已结束', text_en: 'The round is closed' }
    const { http } = answering(409, problem, 'application/problem+json')
    const error = await caught(http.post('/sync'))
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
