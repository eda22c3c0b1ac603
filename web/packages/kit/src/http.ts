// The one way to the server. What may be asked and what is answered is the generated contract: an address, a
// parameter or a field that the server does not know is a type error. Every error is a `ProblemError` with text in
// both languages, so that a page never has to guess what went wrong.
import type { Answer, CallPath, FilePath, LinkPath, Method, Rest, Said, Schemas, Where } from '@allclear/contract'
import type { Lang } from './i18n'
import { kitMessages } from './messages'
import { patient } from './patience'

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

/** Who asks: a device acts under its token instead of a cookie. */
export interface Bearer {
  token?: string | undefined
}
/** Any request, as it is sent. `Said` gives each its types. */
interface Loose extends Bearer {
  path?: Record<string, string | number>
  query?: Record<string, unknown>
  body?: unknown
}

export interface HttpSettings {
  base?: string
  /** Called on every 401, so that the app can show its sign-in page. */
  onSignedOut?: () => void
  fetch?: typeof fetch
}

function encode(body: unknown): { body?: BodyInit; type?: string } {
  if (body === undefined) return {}
  if (body instanceof Blob) return { body, type: 'application/octet-stream' }
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

function urlOf(base: string, address: string, { path = {}, query = {} }: Loose): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const tail = search.toString()
  const filled = address.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
  return `${base}${filled}${tail ? `?${tail}` : ''}`
}

function initOf(method: Method, said: Loose): RequestInit {
  const { body, type } = encode(said.body)
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (type) headers['Content-Type'] = type
  if (method !== 'get') headers['X-Allclear'] = '1'
  if (said.token) headers['Authorization'] = `Bearer ${said.token}`
  const init: RequestInit = { method: method.toUpperCase(), headers, credentials: 'same-origin' }
  if (body !== undefined) init.body = body
  return init
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw localProblem('unreadable_answer', response.status, 'unreadable')
  }
}

export function createHttp(settings: HttpSettings = {}) {
  const base = settings.base ?? '/api/v1'
  const doFetch = settings.fetch ?? patient((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init))

  async function send(method: Method, address: string, said: Loose = {}): Promise<Response> {
    let response: Response
    try {
      response = await doFetch(urlOf(base, address, said), initOf(method, said))
    } catch (error) {
      throw localProblem('network', 0, 'network', error instanceof Error ? error.message : undefined)
    }
    if (response.ok) return response
    if (response.status === 401) settings.onSignedOut?.()
    throw await readProblem(response)
  }

  /** The one place where an answer gets its type: the contract's word for this method and address. */
  const calling =
    <M extends Method>(method: M) =>
    async <P extends CallPath<M>>(address: P, ...[said]: Rest<Said<M, P> & Bearer>) =>
      (await readJson(await send(method, address, said as Loose))) as Answer<M, P>

  return {
    /** Addresses begin after `/api/v1` and keep their holes: `http.get('/rounds/{id}', { path: { id } })`. */
    get: calling('get'),
    post: calling('post'),
    put: calling('put'),
    patch: calling('patch'),
    delete: calling('delete'),
    /** An answer that is a file: reports, sheets, labels. */
    file: async <M extends Method, P extends FilePath<M>>(method: M, address: P, ...[said]: Rest<Said<M, P> & Bearer>) =>
      (await send(method, address, said as Loose)).blob(),
    /** An address for links, images and event streams. */
    url: <P extends LinkPath>(address: P, ...[where]: Rest<Where<'get', P>>) => urlOf(base, address, (where ?? {}) as Loose),
  }
}

export type Http = ReturnType<typeof createHttp>
