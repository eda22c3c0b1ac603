// Words of the laboratories: what several pages say is here, each page's own beside it in `words/`.
import { defineMessages, type MessageSet } from '@allclear/kit'
import { overview } from './words/overview'
import { setup } from './words/setup'
import { reception } from './words/reception'
import { holds } from './words/holds'
import { queue } from './words/queue'
import { runs } from './words/runs'
import { results } from './words/results'
import { release } from './words/release'
import { followUps } from './words/follow-ups'
import { clocks } from './words/clocks'

const shared = defineMessages({
  zh: {
    which: '选择实验室',
    none: '还没有可见的实验室',
    noneHint: '由指挥部在系统中登记实验室后显示。',
    persons: '{n} 人',
    tubes: '{n} 管',
    note: '说明',
    menu: {
      overview: '检测总览',
      reception: '样本接收',
      holds: '待查样本',
      queue: '在手样本',
      runs: '上机板',
      results: '结果录入',
      release: '审核发布',
      followUps: '混阳追踪',
      clocks: '时限与核查',
    },
    reason: {
      leaked: '渗漏',
      broken: '破损',
      label_unreadable: '标签不清',
      over_time: '超时',
      no_swab: '无拭子',
      too_little: '量不足',
      over_full: '超员',
      other: '其他',
      unknown: '系统无此管',
      not_sealed: '封管记录未到',
      received_elsewhere: '已在别处接收',
      withdrawn: '此前已作废或退回',
    },
    ct: { none: '无 Ct', disagrees: '与结果不一致' },
  },
  en: {
    which: 'Choose a laboratory',
    none: 'No laboratory to see yet',
    noneHint: 'It appears here once headquarters has put it down.',
    persons: '{n} persons',
    tubes: '{n} tubes',
    note: 'Note',
    menu: {
      overview: 'Laboratories',
      reception: 'Reception',
      holds: 'Tubes on hold',
      queue: 'Tubes here',
      runs: 'Plates',
      results: 'Results',
      release: 'Release',
      followUps: 'Pool follow-ups',
      clocks: 'Clocks and checks',
    },
    reason: {
      leaked: 'Leaked',
      broken: 'Broken',
      label_unreadable: 'Label unreadable',
      over_time: 'Over time',
      no_swab: 'No swab',
      too_little: 'Too little',
      over_full: 'Over-full',
      other: 'Other',
      unknown: 'Not known to the system',
      not_sealed: 'Its seal has not arrived',
      received_elsewhere: 'Received elsewhere',
      withdrawn: 'Voided or rejected before',
    },
    ct: { none: 'No Ct', disagrees: 'Disagrees with the result' },
  },
})

const pages = { clocks, followUps, holds, overview, queue, reception, release, results, runs, setup }
const words = (lang: 'zh' | 'en') => ({
  ...shared[lang],
  ...Object.fromEntries(Object.entries(pages).map(([name, set]) => [name, set[lang]])),
})

export const messages: MessageSet = { zh: words('zh'), en: words('en') }
