// The service worker of the field app: it starts without network. Own, small, and never in the way:
// what the server says is never cached, and a new version waits until somebody takes it.
//
// `precache` and `version` come from the build (sw/plugin.ts): every file that the field app is made of.

declare const self: ServiceWorkerGlobalScope
declare const __PRECACHE__: string[]
declare const __VERSION__: string

const PREFIX = 'allclear-field-'
const CACHE = PREFIX + __VERSION__
const PAGE = '/field/'
const files = new Set(__PRECACHE__)

self.addEventListener('install', (event) => {
  event.waitUntil(fill())
})

/** All or nothing: a version with a missing file never becomes one. */
async function fill(): Promise<void> {
  const cache = await caches.open(CACHE)
  await cache.addAll(__PRECACHE__.map((file) => new Request(file, { cache: 'reload', credentials: 'omit' })))
}

self.addEventListener('activate', (event) => {
  event.waitUntil(settle())
})

async function settle(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name)
  }
  await self.clients.claim()
}

// The page asks for the new version only when its user has tapped on the offer.
self.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(self.skipWaiting())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  // Answers of the server are never kept: an old status is worse than none.
  if (url.pathname.startsWith('/api/')) return
  if (request.mode === 'navigate' && url.pathname.startsWith(PAGE)) event.respondWith(kept(PAGE, request))
  else if (files.has(url.pathname)) event.respondWith(kept(url.pathname, request))
})

/** From the cache; from the network only if the browser has thrown our cache away. */
async function kept(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  const hit = await cache.match(file)
  return hit ?? fetch(request)
}

export {}
