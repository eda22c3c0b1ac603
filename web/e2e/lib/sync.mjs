// Sending commands as a device does.
import { randomUUID } from 'node:crypto'

/** A UUIDv7 as devices make them. */
export function commandId() {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** Sends a batch; answers the outcomes. */
export async function send(server, device, commands) {
  const answer = await fetch(`${server.base}/api/v1/sync`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${device.token}`, 'Content-Type': 'application/json', 'X-Allclear': '1' },
    body: JSON.stringify({ sent_at: new Date().toISOString(), commands }),
  })
  if (!answer.ok) throw new Error(`sync: ${answer.status} ${await answer.text()}`)
  return (await answer.json()).outcomes
}
