"""The words of the alarms page in Chinese (zh-CN)."""

from __future__ import annotations

from typing import Any

LIST: dict[str, Any] = {
    "title": "报警",
    "groups": {
        "": "待处理", "unacknowledged": "未确认", "active": "当前", "cleared": "已恢复待确认",
        "shelved": "已搁置", "suppressed": "已抑制", "out": "已停用", "all": "全部",
    },
    "states": {
        "A": "正常", "B": "未确认", "C": "已确认", "D": "已恢复，未确认",
        "E": "锁存，未确认", "F": "锁存：待复位", "G": "已搁置", "H": "已抑制",
        "I": "已停用",
    },
    "sorts": {
        "": "最严重在前", "newest": "最新在前", "oldest": "最早在前", "left": "剩余时限最短在前",
        "place": "按位置",
    },
    "filters": "筛选", "by_state": "状态", "by_priority": "优先级", "by_site": "厂站", "by_sort": "排序",
    "any_priority": "全部优先级", "any_site": "全部厂站（{n}）", "site": "{name}（{n}）",
    "search": "搜索（/）", "search_label": "搜索位置、名称与文字",
    "fold": "搜索、厂站、排序",
    "bare": "取消筛选",
    "outside": "此筛选之外还有 {n} 条未确认报警", "outside_one": "此筛选之外还有 1 条未确认报警",
    "show_outside": "全部显示",
    "new": "{n} 条新报警", "changed": "顺序有变", "show_new": "显示", "held": "操作期间列表保持不动",
    "none": "无报警", "none_old": "未知：数据已停止",
    "range": "第 {first}–{last} 条，共 {n} 条", "pages": "分页", "before": "‹ 上一页", "after": "下一页 ›",
    "columns": {
        "pick": "选择", "since": "起于", "what": "位置与内容", "value": "当前值与限值",
        "advice": "后果 → 处置", "left": "处置时限", "state": "状态",
    },
    "pick": "选择 {name}", "pick_all": "选择本页全部（Shift+X）", "open": "打开",
    "by": "{who} 于 {time}", "until": "至 {time}", "cleared": "{time} 恢复",
    "trend": "近 {hours} h，限值 {limit}", "trend_bare": "近 {hours} h 趋势",
    "comments": "{n} 条备注", "comment_one": "1 条备注",
    "acts": {
        "acknowledge": "确认", "shelve": "搁置", "unshelve": "取消搁置", "reset": "复位",
        "comment": "备注", "out_of_service": "停用", "in_service": "恢复使用",
    },
    "selected": "已选 {n} 条", "let_go": "取消选择",
    "outcomes": {
        "sent": "{act}：已发送……", "done": "{act}：完成", "refused": "{act}：被拒：{why}",
        "pending": "{act}：已入日志，尚未执行",
    },
    "nothing": "请先选择报警，或用 j、k 移到一条报警。",
    "cannot": "{act}：所选报警均不适用。",
    "keys": {
        "move": "在报警间移动",
        "pick": "选择",
        "pick_all": "本页全选",
        "acknowledge": "确认",
        "noted": "确认并写备注",
        "shelve": "搁置",
        "comment": "备注",
        "search": "搜索",
        "open": "打开报警",
        "let_go": "关闭，取消选择",
    },
    "sound_on": "声音开", "sound_off": "声音关",
    "sound_wait": "声音：请按任意键",
    "sound_hint": "出现新的紧急或高级报警时发声（m）",
    "back": "返回列表",
    "one": {
        "title": "报警", "unknown": "此处没有这条报警记录",
        "unknown_told": "可能早于控制台保留的范围，或地址不完整。请查报警日志。",
        "trend": "近 {hours} h 趋势", "story": "经过", "earlier": "此报警以往的记录",
        "none_earlier": "无。", "back_to": "最早可查至 {time}。",
        "all_known": "可查自控制台启动以来。",
        "comments": "备注", "no_comments": "尚无备注。", "catalogue": "报警目录",
        "consequence": "后果", "response": "处置", "respond": "处置时限", "priority": "优先级",
        "because": "定级理由", "limit": "限值", "delay": "报警/恢复延时", "source": "依据",
        "id": "记录编号", "lasted": "历时 {age}", "stands": "仍在报警",
        "no_catalogue": "目录中已无此规则。", "link": "本记录的链接",
    },
}  # fmt: skip

ALARM_ACTS: dict[str, Any] = {
    "comment": "备注（可不填）", "comment_needed": "备注",
    "acknowledge": "确认 {n} 条报警", "acknowledge_one": "确认此报警",
    "critical": "其中 {n} 条为紧急报警：", "and_more": "另有 {n} 条",
    "sure": "确认 {n} 条（含 {critical} 条紧急）",
    "passed_over": "所选中有 {n} 条不适用，不作处理。",
    "shelve": "搁置 {n} 条报警", "shelve_one": "搁置此报警",
    "shelved_means": "在此之前无论发生什么都不发声。所有人都能看到由谁、因何搁置。",
    "why": "原因", "reasons": {
        "repair": "检修或维护", "instrument": "仪表故障", "nuisance": "反复出现",
        "known": "已知，正在别处处理", "other": "其他（请说明）",
    },
    "more_why": "补充说明（选“其他”时必填）", "say_why": "请说明原因。",
    "until": "搁置至", "ends": {
        "15m": "15 分钟", "1h": "1 小时", "shift": "本班结束，{time}", "most": "最长，至 {time}", "custom": "分钟数：",
    },
    "once": "恢复即止（仅此一次）",
    "bounded": "最长 {age}：所选报警允许的最短上限。",
    "bad_end": "结束时间须在 1 分钟至 {age} 之间。",
    "never": "这些报警不得搁置。",
    "out_of_service": "停用 {n} 条报警", "out_of_service_one": "停用此报警",
    "out_means": "在有人恢复使用之前一直不发声：仅用于检修。",
    "cancel": "取消", "minutes": "分钟",
    "write": "为 {n} 条报警写备注", "write_one": "为此报警写备注",
    "written": "备注已保存（{n}）。", "empty": "未填写内容。",
}  # fmt: skip
