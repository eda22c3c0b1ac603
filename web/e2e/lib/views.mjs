// What can stand on a screen, and the pictures of it: every address of the desk and every dialog, drawer and sheet of
// every app, found in the sources. What is in no list here, or has no picture in a language, is a fault.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const APPS = resolve(import.meta.dirname, '../../apps')
const SCREENS = resolve(import.meta.dirname, '../../../docs/screens')

/** Pictures of what a file opens over a page, in the order of the file. */
const WINDOWS = {
  'desk/src/sections/accounts/AccountDialog.vue': ['desk-dialog-account'],
  'desk/src/sections/accounts/AccountsPage.vue': ['desk-dialog-account-disable'],
  'desk/src/sections/accounts/DevicesPage.vue': ['desk-dialog-device-revoke'],
  'desk/src/sections/accounts/EnrolDialog.vue': ['desk-dialog-enrol'],
  'desk/src/sections/accounts/ResetDialog.vue': ['desk-dialog-reset'],
  'desk/src/sections/exceptions/ExceptionsPage.vue': ['desk-dialog-exceptions-many', 'desk-dialog-exceptions-export'],
  'desk/src/sections/lab/ClocksPage.vue': ['desk-dialog-clock-void', 'desk-dialog-flag-clear'],
  'desk/src/sections/lab/FollowUpsPage.vue': ['desk-follow-up', 'desk-dialog-follow-up'],
  'desk/src/sections/lab/HoldsPage.vue': ['desk-dialog-hold-discard'],
  'desk/src/sections/lab/KitDialog.vue': ['desk-dialog-kit'],
  'desk/src/sections/lab/LabDialog.vue': ['desk-dialog-lab'],
  'desk/src/sections/lab/PlatePage.vue': ['desk-dialog-run-abort', 'desk-dialog-run-repeat', 'desk-dialog-plate-reject'],
  'desk/src/sections/lab/QueuePage.vue': ['desk-dialog-queue-reject'],
  'desk/src/sections/lab/ReceptionPage.vue': ['desk-dialog-reception-close'],
  'desk/src/sections/lab/ReleasePage.vue': ['desk-dialog-release-negatives', 'desk-dialog-release-other'],
  'desk/src/sections/lab/RunsPage.vue': ['desk-dialog-run'],
  'desk/src/sections/missing/ExportDialog.vue': ['desk-dialog-missing-export'],
  'desk/src/sections/overview/OperatingMode.vue': ['desk-dialog-mode'],
  'desk/src/sections/people/CodeDialog.vue': ['desk-dialog-person-code'],
  'desk/src/sections/people/CorrectDialog.vue': ['desk-dialog-person-correct'],
  'desk/src/sections/people/FindDialog.vue': ['desk-dialog-person-find'],
  'desk/src/sections/people/ImportPage.vue': ['desk-dialog-import-undo'],
  'desk/src/sections/people/ParkedRows.vue': ['desk-dialog-import-every'],
  'desk/src/sections/people/PersonDialog.vue': ['desk-dialog-person'],
  'desk/src/sections/people/ReasonDialog.vue': ['desk-dialog-person-reveal'],
  'desk/src/sections/people/StayDialog.vue': ['desk-dialog-person-stay'],
  'desk/src/sections/rounds/ExemptionsPage.vue': ['desk-dialog-exemption', 'desk-dialog-exemption-end'],
  'desk/src/sections/rounds/RoundDialog.vue': ['desk-dialog-round'],
  'desk/src/sections/rounds/RoundPage.vue': ['desk-dialog-round-order'],
  'desk/src/sections/sites/CloseDialog.vue': ['desk-dialog-site-close'],
  'desk/src/sections/sites/ShiftsDrawer.vue': ['desk-shifts'],
  'desk/src/sections/sites/SiteDialog.vue': ['desk-dialog-site'],
  'desk/src/sections/trace/TracePage.vue': ['desk-dialog-trace-reveal'],
  'desk/src/shell/PasswordDialog.vue': ['desk-dialog-password'],
  'field/src/pages/BoxesPage.vue': ['field-box-tubes'],
  'field/src/pages/CourierPage.vue': ['field-take', 'field-scan-receipt', 'field-accept', 'field-receipt'],
  'field/src/pages/FamilySheet.vue': ['field-family'],
  'field/src/pages/GiveSheet.vue': ['field-give'],
  'field/src/pages/HandSheet.vue': ['field-by-hand'],
  'field/src/pages/MembersSheet.vue': ['field-members'],
  'field/src/pages/OutboxPage.vue': ['field-erase', 'field-damaged-again', 'field-end'],
  'field/src/pages/RegisterPage.vue': ['field-take-back', 'field-left-out', 'field-kind', 'field-move', 'field-other-kind', 'field-already', 'field-unsealed'],
  'field/src/parts/ClockStrip.vue': ['field-clocks'],
  'field/src/parts/CountGate.vue': ['field-seal'],
  'field/src/parts/FlashScreen.vue': ['field-flash-good'],
  // The frame of all of them.
  'field/src/parts/Sheet.vue': ['field-kind'],
  'field/src/parts/TypeSheet.vue': ['field-typed'],
  'field/src/start/StartPage.vue': ['field-enrol'],
  'resident/src/parts/ShowCode.vue': ['resident-code'],
}

/** Addresses that are in no sidebar; those of the sidebar are named after themselves. */
const BELOW = {
  '/people/:no(\\\\d+)': 'desk-person',
  '/imports/:id': 'desk-import-columns',
  '/rounds/:id': 'desk-round',
  '/lab/runs/:id': 'desk-plate',
  '/trace/:kind/:code': 'desk-dialog-trace-reveal',
  '/:rest(.*)*': 'desk-nowhere',
  '/': 'desk-nothing',
}

const filesOf = (folder, end) => readdirSync(folder, { recursive: true }).map(String).filter((name) => name.endsWith(end) && !name.includes('node_modules'))
const read = (name) => readFileSync(join(APPS, name), 'utf8')

/** Says what has no picture. */
export function unseen(fault) {
  const names = new Set()
  const found = filesOf(APPS, '.vue').flatMap((name) => {
    const windows = read(name).match(/<(?:ElDialog|ElDrawer|ConfirmDialog|Sheet|dialog)\b/g)?.length ?? 0
    return windows > 0 ? [[name.replaceAll('\\', '/'), windows]] : []
  })
  for (const [name, windows] of found) {
    const pictures = WINDOWS[name] ?? []
    if (pictures.length !== windows) fault(`${name} opens ${windows} windows; lib/views.mjs names ${pictures.length}`)
    for (const picture of pictures) names.add(picture)
  }
  for (const name of Object.keys(WINDOWS)) if (!found.some(([there]) => there === name)) fault(`${name} opens nothing any more`)
  const routes = [...filesOf(join(APPS, 'desk/src/sections'), 'index.ts').map((name) => `desk/src/sections/${name}`), 'desk/src/router.ts']
  const paths = routes.flatMap((name) => [...read(name).matchAll(/path: '([^']+)',\s*component/g)].map(([, path]) => path))
  if (paths.length < 20) fault(`only ${paths.length} addresses of the desk were found`)
  for (const path of paths) {
    const picture = BELOW[path] ?? (/[:*]/.test(path) ? undefined : `desk-${path.slice(1).replaceAll('/', '-')}`)
    if (picture) names.add(picture)
    else fault(`${path} has no picture in lib/views.mjs`)
  }
  const there = readdirSync(SCREENS)
  for (const name of names) {
    for (const tag of ['zh', 'en']) {
      if (!there.some((file) => file.startsWith(`${name}.${tag}.`))) fault(`docs/screens has no ${name} in ${tag}`)
    }
  }
}
