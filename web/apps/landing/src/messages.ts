import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: {
    title: '入口',
    lead: '从下达采样令到大屏清零：每个人、每支管、每个箱，直到结果。',
    role: {
      field: { name: '采样与转运', text: '登记员、采样点长、转运员。手机或 PDA，断网可用。' },
      lab: { name: '实验室', text: '接收、上机、录入、审核发布。' },
      headquarters: { name: '指挥部', text: '轮次、采样点、异常、未采名单、日报。' },
      grid: { name: '网格员', text: '今日未采名单，拨打与登记结果。' },
      resident: { name: '居民', text: '我的码、家人、进度与结果。' },
      board: { name: '采样大屏', text: '全市进度，一眼看清卡在哪里、何时采完。' },
      system: { name: '系统管理', text: '账号、设备、区划、人员导入。' },
    },
    demo: {
      title: '演示账号',
      about: '这是合成城市“永康”，共 {n} 人，没有任何真实身份。点“登录”即以该角色进入。',
      account: '账号',
      password: '密码',
      role: '角色',
      enter: '登录',
      residents: '演示居民',
      code: '个人码编号',
      tail: '证件后四位',
    },
  },
  en: {
    title: 'Entrance',
    lead: 'From the order to the all-clear: every person, every tube, every box, until the result.',
    role: {
      field: { name: 'Sampling and transport', text: 'Registrar, site lead, courier. Phone or handheld; works offline.' },
      lab: { name: 'Laboratory', text: 'Reception, runs, results, release.' },
      headquarters: { name: 'Headquarters', text: 'Rounds, sites, exceptions, missing lists, daily report.' },
      grid: { name: 'Grid worker', text: "Today's missing list: call, and note the outcome." },
      resident: { name: 'Resident', text: 'My code, my family, progress and result.' },
      board: { name: 'Big screen', text: 'The whole city: where it is stuck and when it ends.' },
      system: { name: 'Administration', text: 'Accounts, devices, areas, imports.' },
    },
    demo: {
      title: 'Demo accounts',
      about: 'A synthetic Yongkang of {n} persons, with no real identity in it. “Sign in” enters with that role.',
      account: 'Account',
      password: 'Password',
      role: 'Role',
      enter: 'Sign in',
      residents: 'Demo residents',
      code: 'Number of the code',
      tail: 'End of the document',
    },
  },
})
