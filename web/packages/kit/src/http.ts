// The one way to the server. Every error is a `ProblemError` with text in both languages, so that a
// page never has to guess what went wrong.
import type { Schemas } from '@allclear/contract'
import type { Lang } from './i18n'
import { kitMessages } from './messages'

export type Problem = Schemas['Problem']

const errorText = (lang: 'zh' | 'en', key: 'network' | 'unreadable') =>
  ((kitMessages[lang] as Record<string, Record<string, string>>)['error'] ?? {})[key] ?? key

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`)
    this.name = 'ProblemError'
  }

  get code(): string {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }

  /** The field of the request it is about, as a JSON pointer. */
  get field(): string | null {
    return this.problem.field ?? null
  }

  text(lang: Lang): string {
    return lang === 'en' ? this.problem.text_en : this.problem.text_zh
  }

  /** True when nothing came back: no network, server away. */
  get isOffline(): boolean {
    return this.problem.status === 0
  }
}

function localProblem(code: string, status: number, text: 'network' | 'unreadable', detail?: string): ProblemError {
  return new ProblemError({
    type: `https://allclear.invalid/problems/${code}`,
    title: code,
    status,
    code,
    text_zh: errorText('zh', text),
    text_en: errorText('en', text),
    detail: detail ?? null,
    field: null,
    retry_after_s: null,
  })
}

/** Anything thrown, as a `ProblemError`. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  return localProblem('unreadable_answer', 0, 'unreadable', error instanceof Error ? error.message : String(error))
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface RequestOptions {
  query?: Query
  /** Sent as JSON, unless it is a Blob or FormData. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** A device acts under its token instead of a cookie. */
  token?: string
}

export interface HttpSettings {
  base?: string
  /** Called on every 401, so that the app can show its sign-in page. */
  onSignedOut?: () => void
  fetch?: typeof fetch
}

function encode(body: unknown): { body?: BodyInit; type?: string } {
  if (body === undefined) return {}
  if (body instanceof Blob || body instanceof FormData) return { body }
  return { body: JSON.stringify(body), type: 'application/json' }
}

async function readProblem(response: Response): Promise<ProblemError> {
  try {
    const problem = (await response.json()) as Partial<Problem>
    if (typeof problem.code === 'string' && typeof problem.text_zh === 'string') {
      return new ProblemError({ ...(problem as Problem), status: response.status })
    }
  } catch {
    // Not JSON: a proxy answered, or the connection broke half way.
  }
  return localProblem('unreadable_answer', response.status, 'unreadable', `HTTP ${response.status}`)
}

export function urlOf(base: string, path: string, query?: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const tail = search.toString()
  return `${base}${path}${tail ? `?${tail}` : ''}`
}

export function createHttp(settings: HttpSettings = {}) {
  const base = settings.base ?? '/api/v1'
  const doFetch = settings.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init))

  /** Paths begin after `/api/v1`: `http.get('/accounts')`. */
  async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { body, type } = encode(options.body)
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
    if (type) headers['Content-Type'] = type
    if (method !== 'GET') headers['X-Allclear'] = '1'
    if (options.token) headers['Authorization'] = `Bearer ${options.token}`
    const init: RequestInit = { method, headers, credentials: 'same-origin' }
    if (body !== undefined) init.body = body
    if (options.signal) init.signal = options.signal
    let response: Response
    try {
      response = await doFetch(urlOf(base, path, options.query), init)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw localProblem('network', 0, 'network', error instanceof Error ? error.message : undefined)
    }
    if (response.ok) return response
    if (response.status === 401) settings.onSignedOut?.()
    throw await readProblem(response)
  }

  async function json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const response = await send(method, path, options)
    if (response.status === 204) return undefined as T
    const text = await response.text()
    if (text === '') return undefined as T
    try {
      return JSON.parse(text) as T
    } catch {
      throw localProblem('unreadable_answer', response.status, 'unreadable')
    }
  }

  return {
    send,
    get: <T>(path: string, query?: Query, options: RequestOptions = {}) => json<T>('GET', path, { ...options, query }),
    post: <T = void>(path: string, body?: unknown, options: RequestOptions = {}) =>
      json<T>('POST', path, { ...options, body }),
    put: <T = void>(path: string, body?: unknown, options: RequestOptions = {}) =>
      json<T>('PUT', path, { ...options, body }),
    patch: <T = void>(path: string, body?: unknown, options: RequestOptions = {}) =>
      json<T>('PATCH', path, { ...options, body }),
    delete: <T = void>(path: string, options: RequestOptions = {}) => json<T>('DELETE', path, options),
    /** The body as a file: reports, sheets, labels. */
    blob: async (path: string, query?: Query, options: RequestOptions = {}) =>
      (await send('GET', path, { ...options, query })).blob(),
    /** An address for links, images and event streams. */
    url: (path: string, query?: Query) => urlOf(base, path, query),
  }
}

export type Http = ReturnType<typeof createHttp>
