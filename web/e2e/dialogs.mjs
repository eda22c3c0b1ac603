// Dialogs, drawers and pages below a page, each opened as a person would, on a day under way.
import { FIRST_TUBE, POOL_TUBE } from './lib/activity.mjs'

const DESK_SIZE = [1440, 900]
const PHONE = [390, 844]
const ROW = '.el-table__row'

/** A window of Element Plus that a click opens; or, with `confirm`, the product's own question. */
const opened = (button, shown = '.el-dialog:visible') => async (page) => {
  await page.click(button)
  await page.waitForSelector(shown)
}
const confirm = (button) => opened(button, 'dialog[open]')
/** One after the other. */
const then = (...steps) => async (page) => {
  for (const step of steps) await step(page)
}
const entry = (name, path, role, open, more = {}) => ({ name, path, role, sizes: [DESK_SIZE], ready: '.desk main h1', open, ...more })
const person = (open) => async (page) => {
  await page.fill('main .find input', 'z')
  await page.click('main .el-table__row a.name')
  await page.waitForSelector('main .merge-other')
  await open(page)
}
/** What a server says of clocks after four hours; a demo is minutes old when it is looked at. */
export const LATE = (site) => {
  const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString()
  const line = (tube, level, due, more) => ({
    tube, clock: 'to_lab', level, stage: 'sealed', started_at: at(due - 240), warn_at: at(due - 60), due_at: at(due),
    persons: 10, site_name: site, lab_name: null, box_code: null, ...more,
  })
  return [line('T0000005042', 'breach', -23), line('T0000005141', 'warn', 31, { stage: 'in_transit', box_code: 'B000005007', persons: 7 })]
}
const withLateTubes = (page) =>
  page.route('**/api/v1/clock-alerts*', (route) => route.fulfill({ json: LATE('舟山二村采样点') }))

export const DIALOGS = [
  entry('desk-dialog-trace-reveal', `/desk/#/trace/tube/${FIRST_TUBE}`, 'headquarters', confirm('main .el-table__row .el-button >> nth=0'), { ready: '.facts' }),
  entry('desk-dialog-missing-export', '/desk/#/missing', 'headquarters', then(opened('main button.row', 'main .file'), confirm('main .file')), { ready: 'main button.row' }),

  entry('desk-dialog-release-negatives', '/desk/#/lab/release', 'lab_release', confirm('main .panel >> nth=1 >> .tools .el-button--primary'), { ready: ROW }),
  entry('desk-dialog-release-other', '/desk/#/lab/release', 'lab_release', confirm('main .panel >> nth=0 >> .el-button--danger >> nth=0'), { ready: 'main .el-button--danger' }),
  entry('desk-lab-clocks-late', '/desk/#/lab/clocks', 'headquarters', undefined, { before: withLateTubes, ready: ROW }),
  entry('desk-dialog-clock-void', '/desk/#/lab/clocks', 'headquarters', confirm('main .el-table .el-button--danger >> nth=0'), { ready: 'main .el-table .el-button--danger' }),
  entry('desk-dialog-flag-clear', '/desk/#/lab/clocks', 'headquarters', confirm('main .panel >> nth=2 >> .el-table .el-button--primary >> nth=0'), { ready: 'main .panel >> nth=2 >> .el-table .el-button--primary' }),
  entry('desk-follow-up', '/desk/#/lab/follow-ups', 'headquarters', opened(`text=${POOL_TUBE}`, '.el-drawer .el-table__row'), { ready: ROW }),
  entry('desk-dialog-follow-up', '/desk/#/lab/follow-ups', 'headquarters', then(opened(`text=${POOL_TUBE}`, '.el-drawer .el-table__row'), confirm('.el-drawer .el-button--primary >> nth=0')), { ready: ROW }),

  entry('desk-plate', '/desk/#/lab/runs', 'lab_entry', opened('main a.name >> text=P-0502', '.desk-plate'), { ready: ROW }),
  entry('desk-dialog-run', '/desk/#/lab/runs', 'lab_entry', opened('.page-head .el-button--primary')),
  entry('desk-dialog-run-abort', '/desk/#/lab/runs', 'lab_entry', then(opened('main a.name >> text=P-0501', '.desk-plate'), confirm('.page-head .el-button >> nth=0')), { ready: ROW }),
  entry('desk-dialog-run-repeat', '/desk/#/lab/runs', 'lab_entry', then(opened('main a.name >> text=P-0502', '.desk-plate'), confirm('.page-head .el-button--danger')), { ready: ROW }),
  entry(
    'desk-dialog-plate-reject',
    '/desk/#/lab/runs',
    'lab_entry',
    then(opened('main a.name >> text=P-0501', '.desk-plate'), opened('.desk-plate button[aria-label*=T0] >> nth=0', '.side .well .el-button--danger'), confirm('.side .well .el-button--danger')),
    { ready: ROW },
  ),
  entry('desk-dialog-hold-discard', '/desk/#/lab/holds', 'lab_entry', confirm('main .el-table__row .el-button--danger >> nth=0'), { ready: ROW }),
  entry('desk-dialog-queue-reject', '/desk/#/lab/queue', 'lab_entry', confirm('main .el-table__row .el-button--danger >> nth=0'), { ready: ROW }),
  entry('desk-dialog-reception-close', '/desk/#/lab/reception', 'lab_entry', then(opened('main .el-table__row .el-button >> nth=0', '#lab-scan'), opened('.page-head .el-button--primary')), { ready: ROW }),

  entry('desk-dialog-site-edit', '/desk/#/sites', 'headquarters', opened('main .el-table__row .el-button >> nth=1'), { ready: ROW }),
  entry('desk-dialog-site-close', '/desk/#/sites', 'headquarters', then(confirm('main .el-table__row .el-button--danger >> nth=0'), (page) => page.waitForSelector('dialog[open] option:nth-child(2)', { state: 'attached' })), { ready: ROW }),
  entry('desk-shifts', '/desk/#/sites', 'headquarters', opened('main .el-table__row .el-button >> nth=0', '.el-drawer:visible .el-table__row'), { ready: ROW }),

  entry('desk-exception-unknown', '/desk/#/exceptions', 'headquarters', (page) => ofKind(page, 'unknown_person')),
  entry('desk-exception-second', '/desk/#/exceptions', 'headquarters', (page) => ofKind(page, 'second_collection')),
  entry('desk-dialog-exceptions-many', '/desk/#/exceptions', 'headquarters', then((page) => ofKind(page, 'unknown_person'), confirm('.filters .el-button >> nth=0'))),
  entry('desk-dialog-exceptions-export', '/desk/#/exceptions', 'headquarters', confirm('.filters .el-button >> nth=-1'), { ready: '.list .line' }),

  entry('desk-dialog-exemption', '/desk/#/exemptions', 'headquarters', opened('.page-head .el-button--primary')),
  entry('desk-dialog-exemption-end', '/desk/#/exemptions', 'headquarters', confirm('main .el-table__row .el-button--danger >> nth=0'), { ready: ROW }),
  entry('desk-dialog-round-order', '/desk/#/rounds', 'headquarters', then(opened('main a[href^="#/rounds/"]', 'main .up'), confirm('.page-head .el-button >> nth=0')), { ready: 'main a[href^="#/rounds/"]' }),
  entry('desk-dialog-round-preview', '/desk/#/rounds', 'headquarters', then(opened('.page-head .el-button--primary'), (page) => page.fill('.el-dialog:visible input[maxlength="60"]', '第二轮'), opened('.el-dialog:visible .el-dialog__footer .el-button--primary', '.preview'))),

  entry('desk-dialog-mode', '/desk/#/overview', 'headquarters', confirm('main .ask'), { ready: 'main .ask' }),
  entry('desk-dialog-account-disable', '/desk/#/accounts', 'administrator', confirm('main .el-table__row .el-button--danger >> nth=0'), { ready: ROW }),
  entry('desk-dialog-device-revoke', '/desk/#/devices', 'administrator', confirm('main .el-table__row .el-button--danger >> nth=0'), { ready: ROW }),

  entry('desk-dialog-person', '/desk/#/people', 'administrator', opened('.page-head .el-button--primary')),
  entry('desk-people-found', '/desk/#/people', 'headquarters', async (page) => {
    await page.fill('main .find input', 'z')
    await page.waitForSelector(ROW)
  }),
  entry('desk-dialog-person-reveal', '/desk/#/people', 'headquarters', person(opened('.page-head .el-button >> nth=0'))),
  entry('desk-person-revealed', '/desk/#/people', 'headquarters', person(async (page) => {
    await page.click('.page-head .el-button >> nth=0')
    await page.fill('.el-dialog:visible input', '核对身份')
    await page.click('.el-dialog:visible .el-button--primary')
    await page.waitForSelector('.el-dialog', { state: 'hidden' })
  })),
  entry('desk-dialog-person-correct', '/desk/#/people', 'administrator', person(opened('.page-head .el-button--primary'))),
  entry('desk-dialog-person-stay', '/desk/#/people', 'administrator', person(opened('.stack .panel >> nth=0 >> .head .el-button'))),
  entry('desk-dialog-person-card', '/desk/#/people', 'administrator', person(opened('.stack .panel >> nth=1 >> .head .el-button >> nth=0'))),
  entry('desk-dialog-person-find', '/desk/#/people', 'administrator', person(async (page) => {
    await page.click('.merge-other')
    await page.fill('.el-dialog:visible input[name=other]', 'w')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.el-dialog:visible .el-table__row .choose')
  })),
  entry('desk-dialog-person-code', '/desk/#/people', 'administrator', person(opened('main .panel .head .el-button >> nth=-1', '.el-dialog:visible svg.qr'))),

  entry('desk-nowhere', '/desk/#/nowhere', 'headquarters', undefined, { ready: '.desk main', sizes: [DESK_SIZE, PHONE] }),
  entry('desk-nothing', '/desk/', 'courier', undefined, { ready: '.desk main' }),
  entry('desk-menu', '/desk/#/missing', 'headquarters', opened('.top .menu', '.sidebar.open'), { sizes: [PHONE] }),
]

async function ofKind(page, kind) {
  await page.waitForSelector('.kinds button')
  await page.locator('.kinds button', { hasText: new RegExp(WORDS[kind]) }).click()
  await page.waitForSelector('.list .line')
  await page.waitForFunction((words) => document.querySelector('.list .line .kind')?.textContent.match(words), WORDS[kind])
  await page.click('.list .line')
  await page.waitForFunction((words) => document.querySelector('.one h2')?.textContent.match(words), WORDS[kind])
}
/** In both languages. */
const WORDS = { unknown_person: '查无此人|Unknown person', second_collection: '本轮重复采样|Second collection' }
