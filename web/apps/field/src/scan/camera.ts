// Continuous scanning with the rear camera: a code counts once while it stays in view.
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { Read } from './reader.worker'

export type CameraState = 'off' | 'starting' | 'on' | 'refused' | 'missing'

/** A code that left the picture this long ago may be scanned again. */
const AWAY_MS = 1500
/** Two different codes need this long between them, so that each is seen and heard. */
const BETWEEN_MS = 500
const FRAME_MS = 90
const LONG_EDGE = 960

export type Eyes = (texts: string[], now: number) => string | undefined

/**
 * Decides which readings are news. Pure, for tests. Only a picture without the code says that it went away: while no
 * camera looks, nothing has left. Two cameras of one page share their eyes, so that neither reads again what the other read.
 */
export function novelty(): Eyes {
  /** When a picture first lacked the code; undefined while it is in view. */
  const seen = new Map<string, number | undefined>()
  let last = 0
  return (texts, now) => {
    let news: string | undefined
    for (const [text, gone] of seen) {
      if (gone !== undefined && now - gone > AWAY_MS) seen.delete(text)
      else if (gone === undefined && !texts.includes(text)) seen.set(text, now)
    }
    for (const text of texts) {
      const fresh = !seen.has(text)
      if (fresh && news === undefined && now - last >= BETWEEN_MS) news = text
      // A fresh code that has to wait its turn is not marked as seen yet.
      if (!fresh || news === text) seen.set(text, undefined)
    }
    if (news !== undefined) last = now
    return news
  }
}

export function useCamera(onText: (text: string) => void, fresh: Eyes = novelty()) {
  const state = ref<CameraState>('off')
  const torch = ref<boolean | undefined>()
  const video = shallowRef<HTMLVideoElement>()
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
  let worker: Worker | undefined
  let stream: MediaStream | undefined
  let timer = 0
  let reading = false
  /** Grows with each start and stop: a camera that wakes up too late sees that it is not wanted any more. */
  let turn = 0

  function grab(): void {
    const source = video.value
    if (!worker || !source || !context || reading || source.videoWidth === 0) return
    const scale = Math.min(1, LONG_EDGE / Math.max(source.videoWidth, source.videoHeight))
    canvas.width = Math.round(source.videoWidth * scale)
    canvas.height = Math.round(source.videoHeight * scale)
    context.drawImage(source, 0, 0, canvas.width, canvas.height)
    const image = context.getImageData(0, 0, canvas.width, canvas.height)
    reading = true
    worker.postMessage({ image }, [image.data.buffer])
  }

  function heard(event: MessageEvent<Read>): void {
    reading = false
    if (!stream) return
    const text = fresh(event.data.texts, performance.now())
    if (text !== undefined) onText(text)
  }

  async function start(element: HTMLVideoElement): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) {
      state.value = 'missing'
      return
    }
    state.value = 'starting'
    const mine = ++turn
    let opened: MediaStream
    try {
      const size = { width: { ideal: 1280 }, height: { ideal: 960 } }
      opened = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'environment', ...size } })
    } catch (error) {
      if (mine !== turn) return
      state.value = error instanceof DOMException && error.name === 'NotFoundError' ? 'missing' : 'refused'
      return
    }
    // The page may have been left, or the camera paused, while it woke up.
    if (mine !== turn) return opened.getTracks().forEach((track) => track.stop())
    stream = opened
    video.value = element
    element.srcObject = opened
    void element.play().catch(() => undefined)
    worker ??= new Worker(new URL('./reader.worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = heard
    const capabilities = opened.getVideoTracks()[0]?.getCapabilities?.() as { torch?: boolean } | undefined
    torch.value = capabilities?.torch ? false : undefined
    state.value = 'on'
    timer = window.setInterval(grab, FRAME_MS)
  }

  function stop(): void {
    turn += 1
    window.clearInterval(timer)
    stream?.getTracks().forEach((track) => track.stop())
    stream = undefined
    state.value = 'off'
  }

  async function toggleTorch(): Promise<void> {
    const track = stream?.getVideoTracks()[0]
    if (!track || torch.value === undefined) return
    const on = !torch.value
    try {
      await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
      torch.value = on
    } catch {
      // A light that does not obey is not offered any more; scanning goes on.
      torch.value = undefined
    }
  }

  onScopeDispose(() => {
    stop()
    worker?.terminate()
  })
  return { state, torch, start, stop, toggleTorch }
}
