// Words of tubes that are held until somebody decides.
import { defineMessages } from '@allclear/kit'

export const holds = defineMessages({
  zh: {
    title: '待查样本',
    about: '系统还不认识的样本先放待查架。采样点手机联网补传后，可在此接收；不能凭管码补录。',
    tube: '采样管',
    reason: '原因',
    now: '现在',
    unknown: '仍未知',
    heldBy: '扫描人',
    heldAt: '扫描时间',
    receive: '接收',
    discard: '弃置',
    discardTitle: '弃置 {tube}？',
    discardText: '管内人员若已登记，会收到重采通知。请写明原因。',
    empty: '没有待查样本',
    emptyHint: '扫到系统不认识的管时会出现在这里。',
    done: '已处理',
  },
  en: {
    title: 'Tubes on hold',
    about:
      'Tubes that nobody knows wait on the hold rack. Once the phone of the site is online again they can be received here; they are never typed into existence.',
    tube: 'Tube',
    reason: 'Reason',
    now: 'Now',
    unknown: 'Still unknown',
    heldBy: 'Scanned by',
    heldAt: 'Scanned at',
    receive: 'Receive',
    discard: 'Discard',
    discardTitle: 'Discard {tube}?',
    discardText: 'Its members, if they are known, are asked again. Say why.',
    empty: 'No tube is on hold',
    emptyHint: 'A tube that the system does not know appears here when it is scanned.',
    done: 'Done',
  },
})
