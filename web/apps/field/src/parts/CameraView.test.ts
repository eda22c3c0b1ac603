import { installI18n } from '@allclear/kit'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createApp, nextTick, ref } from 'vue'
import CameraView from './CameraView.vue'
import { messages } from './messages'

/** A camera's picture with, perhaps, a light. It obeys if it is not broken, and remembers what it was told. */
class Track {
  told: unknown[] = []
  stopped = false
  broken = false
  constructor(readonly light: boolean | undefined) {}
  getCapabilities = () => (this.light === undefined ? {} : { torch: this.light })
  async applyConstraints(constraints: unknown) {
    if (this.broken) throw new DOMException('the light is in use', 'OperationError')
    this.told.push(constraints)
  }
  stop() {
    this.stopped = true
  }
}

beforeEach(() => {
  vi.stubGlobal('Worker', class { postMessage() {} terminate() {} })
  HTMLVideoElement.prototype.play = async () => undefined
  Object.defineProperty(HTMLVideoElement.prototype, 'srcObject', { configurable: true, writable: true, value: null })
})
afterEach(() => vi.unstubAllGlobals())

async function looking(track: Track) {
  vi.stubGlobal('navigator', {
    ...navigator,
    language: 'zh-CN',
    mediaDevices: { getUserMedia: async () => ({ getTracks: () => [track], getVideoTracks: () => [track] }) },
  })
  const paused = ref(false)
  const host = document.createElement('div')
  const app = createApp({ components: { CameraView }, setup: () => ({ paused, onText: () => undefined }), template: '<CameraView :on-text="onText" :paused="paused" />' })
  installI18n(app, { parts: messages })
  app.mount(host)
  await vi.waitFor(() => expect(host.querySelector('video.on')).not.toBeNull())
  return { app, paused, light: () => host.querySelector<HTMLButtonElement>('button.left') }
}

const settled = async () => {
  await new Promise((done) => setTimeout(done))
  await nextTick()
}

it('switches the light of the phone on and off, and says which it is', async () => {
  const track = new Track(true)
  const { app, light } = await looking(track)
  expect(light()?.getAttribute('aria-pressed')).toBe('false')
  light()?.click()
  await settled()
  expect(track.told).toEqual([{ advanced: [{ torch: true }] }])
  expect([light()?.getAttribute('aria-pressed'), light()?.textContent]).toEqual(['true', messages.zh.torchOff])
  light()?.click()
  await settled()
  expect(track.told.at(-1)).toEqual({ advanced: [{ torch: false }] })
  expect(light()?.getAttribute('aria-pressed')).toBe('false')
  app.unmount()
  expect(track.stopped).toBe(true)
})

it('is dark again after another camera of the page looked', async () => {
  const { app, paused, light } = await looking(new Track(true))
  light()?.click()
  await settled()
  paused.value = true
  await settled()
  paused.value = false
  await settled()
  expect(light()?.getAttribute('aria-pressed')).toBe('false')
  app.unmount()
})

it('offers no light where there is none, or where it does not obey', async () => {
  for (const none of [undefined, false]) {
    const { app, light } = await looking(new Track(none))
    expect(light()).toBeNull()
    app.unmount()
  }
  const track = new Track(true)
  track.broken = true
  const { app, light } = await looking(track)
  light()?.click()
  await settled()
  expect(light()).toBeNull()
  app.unmount()
})
