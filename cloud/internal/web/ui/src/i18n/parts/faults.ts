// What the service refuses, by its code, in both languages. The codes are those of cloud/internal/problem and
// cloud/internal/sales; test/unit/faults.test.ts holds this table to them. Second come the words that tell
// what to do, "" where there is nothing to do.

import type { Lang } from "../../format";

type Text = readonly [what: string, remedy: string];

interface Fault {
  en: Text;
  zh: Text;
  /** The service’s own words name a place or a value, and are shown too. */
  named: boolean;
}

const fault = (what: string, remedy: string, whatZh: string, remedyZh: string, named: 0 | 1): Fault => ({ en: [what, remedy], zh: [whatZh, remedyZh], named: named === 1 });

export const faults: Readonly<Record<string, Fault>> = {
  bad_body: fault("The request was not understood", "Check what was entered and send it again.", "请求内容无法识别", "请检查填写内容后重新提交。", 1),
  bad_query: fault("A value in the address is not valid", "Check the values and ask again.", "地址中的参数无效", "请检查参数后重试。", 1),
  address_differs: fault("The body and the address name different things", "Make them the same.", "内容与地址不一致", "请使两者一致。", 1),
  too_large: fault("What was sent is too large", "Send less at a time.", "发送的内容过大", "请减少单次发送的内容。", 1),
  too_many: fault("Too much was asked for at once", "Ask in parts.", "一次请求的数量过多", "请分批请求。", 1),
  wrong_type: fault("This kind of file is not read", "Send JSON, NDJSON, CSV or XML.", "不支持此文件类型", "请发送 JSON、NDJSON、CSV 或 XML。", 1),
  wrong_method: fault("This address does not do that", "See the description of the API.", "此地址不支持该操作", "请查阅接口说明。", 1),
  not_found: fault("There is no such thing here", "It may have been removed, or is called otherwise.", "没有找到", "可能已被删除或名称不同。", 0),
  not_here: fault("This part is not running here", "Ask the service itself.", "此服务未运行该功能", "请访问主服务。", 0),
  other_origin: fault("A page of another origin must not change anything here", "Use this service’s own page.", "其他来源的页面不能在此修改数据", "请使用本服务自己的页面。", 0),
  slow_down: fault("Too many tries", "Wait a little.", "尝试次数过多", "请稍候再试。", 0),
  took_too_long: fault("The answer took too long", "Try again.", "响应超时", "请重试。", 0),
  slow_body: fault("What was sent came too slowly", "Send it again over a better connection, or less at a time; what was stored counts once.", "上传速度过慢", "请在网络较好时重新发送，或减少单次发送的内容；已保存的内容不会重复计算。", 0),
  server_failed: fault("The server failed", "Try again; its log says why.", "服务器出错", "请重试；原因见服务日志。", 0),
  sign_in: fault("Sign in, or send a token", "People sign in on the page; programs send a token.", "请登录或提供令牌", "用户在页面登录，程序发送令牌。", 0),
  role_may_not: fault("Your role may not do this", "Ask an admin for another role.", "您的角色无权执行此操作", "请向管理员申请其他角色。", 0),
  wrong_password: fault("Address and password do not fit", "Try again, or ask an admin for a link.", "邮箱与密码不匹配", "请重试，或向管理员索取链接。", 0),
  link_spent: fault("This link has been used, or a newer one took its place", "Sign in if it was you. If not, ask an admin for another; for the first admin use the link that cooler-cloud printed last.", "此链接已使用，或已有更新的链接", "若是您本人使用，请直接登录；否则请向管理员索取新链接。首位管理员请使用 cooler-cloud 最后打印的链接。", 0),
  link_expired: fault("This link is too old", "Ask an admin for another; for the first admin start cooler-cloud again, which prints one.", "此链接已过期", "请向管理员索取新链接；首位管理员请重启 cooler-cloud，它会打印新链接。", 0),
  no_password: fault("A token has no password", "Sign in.", "令牌没有密码", "请登录。", 0),
  bad_password: fault("The password is not taken", "Choose a longer one that is not your name.", "密码不符合要求", "请使用更长且不是您姓名的密码。", 1),
  bad_user: fault("The user is not valid", "Check name, e-mail address and role.", "用户信息有误", "请检查姓名、邮箱和角色。", 1),
  user_taken: fault("There is a user with this e-mail address", "An address belongs to one user of the whole service.", "该邮箱已有用户", "一个邮箱在整个服务中只能属于一个用户。", 0),
  last_admin: fault("This is the last admin who can sign in", "Make somebody else an admin first.", "这是最后一位可登录的管理员", "请先将其他人设为管理员。", 0),
  bad_token: fault("The token is not valid", "Give it a name and a role.", "令牌信息有误", "请填写名称和角色。", 1),
  bad_certificate_request: fault("The certificate request is not valid", "Send a PEM certificate request with a P-256 key.", "证书请求无效", "请发送使用 P-256 密钥的 PEM 证书请求。", 1),
  ticket_needed: fault("The live stream wants a ticket from a browser", "Reload the page.", "浏览器须凭票据连接实时数据", "请刷新页面。", 0),
  stream_ended: fault("The right to this stream has ended", "Sign in again.", "实时数据的访问权限已失效", "请重新登录。", 0),
  bad_message: fault("The live stream did not understand the page", "Reload the page.", "实时连接无法识别页面的请求", "请刷新页面。", 1),
  stream_full: fault("The live stream is full, or not ready", "Try again in a few seconds.", "实时连接已满或尚未就绪", "请几秒后重试。", 0),
  bad_name: fault("This name cannot be used", "Letters, digits, dot, dash and underscore, up to 64.", "名称不可用", "请使用字母、数字、点、短横线和下划线，最多 64 个字符。", 1),
  bad_label: fault("This word cannot be used", "Choose a shorter one without spaces around it.", "该词不可用", "请使用更短且首尾无空格的词。", 1),
  bad_gln: fault("The GLN is wrong", "It has 13 digits, the last is its check digit.", "GLN 有误", "共 13 位，末位为校验码。", 1),
  name_taken: fault("Another one has this GLN or code", "Take it from the other first.", "该 GLN 或编码已被占用", "请先从另一条资料中移除。", 1),
  bad_place: fault("Latitude and longitude are not a place on earth", "Give both, in degrees.", "经纬度无效", "请同时填写经度和纬度（度）。", 0),
  bad_zone: fault("The time zone is not known", "Give an IANA name such as Asia/Shanghai.", "时区未知", "请填写 IANA 名称，例如 Asia/Shanghai。", 1),
  bad_hours: fault("The opening hours were not understood", "Such as Mo-Fr 07:00-22:00; Sa,Su 08:00-20:00.", "营业时间无法识别", "例如 Mo-Fr 07:00-22:00; Sa,Su 08:00-20:00。", 1),
  bad_cooler: fault("The cooler is not valid", "A new cooler needs a store.", "冷柜信息有误", "新冷柜必须指定门店。", 1),
  bad_planogram: fault("The planogram is not valid", "Correct the places named here.", "陈列图有误", "请修正以下位置。", 1),
  version_taken: fault("This version is already published", "Load it again and publish a higher version.", "该版本已发布", "请重新载入并发布更高版本。", 0),
  no_picture: fault("No picture of this look is kept", "A board sends pictures as its configuration says; only the newest are kept.", "此次观察没有保留图片", "设备按配置上传图片，仅保留最新的图片。", 0),
  unknown_command: fault("The board does not know this command", "", "设备不支持此命令", "", 1),
  board_away: fault("The board is not connected", "See that it has power and network, and ask again.", "设备未连接", "请检查电源和网络后重试。", 0),
  bad_photo: fault("The photo cannot be used", "Send a JPEG or PNG on which the pack can be seen.", "照片不可用", "请上传能看清包装的 JPEG 或 PNG。", 1),
  bad_lesson: fault("What is to be taught is not valid", "Check number, name and photos.", "学习内容有误", "请检查编号、名称和照片。", 1),
  too_many_lessons: fault("No more products can wait to be taught", "Remove those that are taught: the gallery keeps what it learned.", "等待学习的商品已达上限", "请删除已学习的条目，图库会保留所学内容。", 0),
  photos_missing: fault("Photos of it are missing", "Send the missing photos first.", "缺少照片", "请先上传缺少的照片。", 1),
  bad_word: fault("What was said of the alert is not valid", "Check what was entered.", "对告警的操作无效", "请检查填写内容。", 1),
  alert_over: fault("The alert is over", "Nothing is left to do.", "告警已解除", "无需再处理。", 0),
  alert_full: fault("The alert takes no more comments", "Say it elsewhere.", "告警评论已满", "请在其他地方记录。", 0),
  no_proof: fault("Nothing shows this moment of the alert", "A board sends pictures as its configuration says, and none while somebody stands before the shelf.", "没有图片显示告警的这一时刻", "设备按配置上传图片，有人站在货架前时不上传。", 0),
  slot_not_cut: fault("The slot cannot be cut out of the picture", "Look at the whole picture.", "无法从图片中裁剪货位", "请查看整幅图片。", 1),
  picture_gone: fault("The picture is not kept any more", "Pictures that an alert rests on are kept for 30 days.", "图片已不再保留", "告警所依据的图片保留 30 天。", 0),
  bad_rules: fault("The rules are not valid", "Correct the lines named here.", "规则有误", "请修正以下行。", 1),
  rules_changed: fault("Somebody changed the rules meanwhile", "Read the rules again and make your change to those.", "规则已被他人修改", "请重新载入规则后再修改。", 0),
  bad_recipient: fault("The recipient is not valid", "Check kind and address.", "接收人有误", "请检查类型和地址。", 1),
  bad_webhook: fault("The webhook is not valid", "Check its address.", "Webhook 有误", "请检查地址。", 1),
  bad_cursor: fault("The cursor is not a position in the log", "Take one that you were given.", "游标无效", "请使用服务返回的游标。", 1),
  bad_wish: fault("What is wished of the boards is not valid", "Check what was entered.", "设备期望设置有误", "请检查填写内容。", 1),
  nothing_to_retry: fault("There is nothing to try again", "", "没有可重试的内容", "", 0),
  no_update_address: fault("Boards have no address to fetch bundles from", "Set updates.url in the service’s configuration.", "设备没有下载更新包的地址", "请在服务配置中设置 updates.url。", 0),
  bad_update: fault("The staged update is not valid", "Check stages, minutes and numbers.", "分阶段更新设置有误", "请检查阶段、分钟数和数量。", 1),
  update_busy: fault("Another update of these boards is under way", "Wait for it, or cancel it.", "这些设备正在进行另一项更新", "请等待其完成或取消。", 1),
  update_nobody: fault("No board needs this update", "Choose a higher version, or other boards.", "没有设备需要此更新", "请选择更高版本或其他设备。", 1),
  bundle_unknown: fault("The bundle is not here", "Add it first.", "没有该更新包", "请先添加更新包。", 1),
  update_status: fault("The update is in no state for that", "A running one can be paused or cancelled, a paused or halted one resumed or cancelled.", "更新当前状态不支持此操作", "进行中的可暂停或取消，已暂停或停止的可继续或取消。", 0),
  no_root: fault("It is not set whose bundles are taken", "An admin sets it once: cooler-cloud bundle trust keys/1.root.json", "尚未设置信任谁签名的更新包", "请管理员执行一次：cooler-cloud bundle trust keys/1.root.json", 0),
  bad_root: fault("The root file is not valid", "Send 1.root.json of cooler-agent bundle init.", "根文件无效", "请发送 cooler-agent bundle init 生成的 1.root.json。", 1),
  root_kept: fault("Another root is set", "Boards keep the root that they were given.", "已设置其他根文件", "设备会保留已获得的根文件。", 0),
  bad_bundle: fault("The bundle is not valid", "Boards would refuse it too: make it again with cooler-agent bundle make, and send the whole file.", "更新包无效", "设备同样会拒绝：请用 cooler-agent bundle make 重新生成并完整上传。", 1),
  bundle_signer: fault("The bundle was signed with keys that are not trusted", "Sign it with those of the root that cooler-cloud bundle list shows.", "更新包的签名密钥不受信任", "请使用 cooler-cloud bundle list 所示根文件中的密钥签名。", 0),
  bundle_old: fault("A newer bundle is here already", "Boards never go back: make it again with a higher version.", "已有更新的更新包", "设备不会回退：请用更高版本重新生成。", 0),
  bundle_taken: fault("This version is here with other contents", "Make it again with a higher version.", "该版本已存在且内容不同", "请用更高版本重新生成。", 0),
  bundle_in_use: fault("The bundle is in use", "Boards may still fetch it: wish for another version first.", "更新包正在使用", "设备可能仍需下载：请先改为其他版本。", 1),
  bad_channel: fault("The channel is not valid", "See docs/sales.md.", "渠道设置有误", "见 docs/sales.md。", 1),
  no_channel: fault("Say which channel the file is of", "Choose a channel that has a mapping.", "请指明文件所属渠道", "请选择带映射的渠道。", 0),
  bad_signature: fault("The webhook is not signed as this channel signs", "Look at the secret.", "Webhook 签名与渠道不符", "请检查密钥。", 0),
  order_exists: fault("There is another order of this name", "Give each order a name of its own.", "已有同名订单", "每个订单须使用不同名称。", 1),
  bad_weights: fault("The weights are not valid", "Give osa, facings, share and order; only their proportion matters.", "权重有误", "请填写 osa、facings、share 和 order，仅比例有意义。", 1),
  bad_span: fault("The beginning is not before the end", "Choose another time.", "开始时间不早于结束时间", "请选择其他时间。", 0),
  span_too_old: fault("Looks of that time are not kept any more", "Begin later.", "该时段的观察已不再保留", "请选择较晚的开始时间。", 1),
  suggestion_sent: fault("The order was sent already", "What was sent is changed in the ordering system.", "订单已发送", "已发送的订单请在订货系统中修改。", 0),
  suggestion_changed: fault("The order is another one by now", "It was planned anew, or somebody has changed it: look at the cases again.", "订货建议已变化", "该建议已重新计算或被他人修改，请再看一眼箱数。", 0),
  bad_suggestion: fault("The order is not valid", "Check the cases.", "订货内容有误", "请检查箱数。", 1),
  bad_delivery: fault("The delivery calendar is not valid", "", "送货日历有误", "", 1),
  bad_ordering: fault("Where orders go is not valid", "Give an address such as https://orders.example/coldshelf.", "订单接收地址有误", "请填写地址，例如 https://orders.example/coldshelf。", 1),
  bad_promotion: fault("The promotion is not valid", "Check products, stores and times.", "促销信息有误", "请检查商品、门店和时间。", 1),
  // Of this page itself.
  no_answer: fault("no answer from the server", "look at the network, and try again", "服务器无响应", "请检查网络后重试。", 0),
  // Of lines of sales.
  bad_gtin: fault("The GTIN is wrong", "Read it off the pack again; a channel’s own number goes into sku.", "GTIN 有误", "请重新核对包装上的条码；渠道自有编号填入 sku。", 1),
  bad_store: fault("This name cannot be used for a store", "Letters, digits, dot, dash and underscore, up to 64.", "门店名称不可用", "请使用字母、数字、点、短横线和下划线，最多 64 个字符。", 1),
  bad_number: fault("A number is not valid", "Quantities and money are whole numbers, money in the currency’s smallest unit.", "数值无效", "数量和金额为整数，金额以最小货币单位计。", 1),
  bad_time: fault("The time was not understood", "Such as 2026-03-02T08:15:00+08:00.", "时间无法识别", "例如 2026-03-02T08:15:00+08:00。", 1),
  time_without_zone: fault("The time has no zone, and its store has none", "Give the store its time zone, or the time its offset.", "时间缺少时区，门店也未设置时区", "请为门店设置时区，或在时间中写明偏移。", 1),
  bad_currency: fault("The currency is not valid", "Give its three letters, such as CNY.", "币种无效", "请填写三个字母，例如 CNY。", 1),
  mixed_currency: fault("Two currencies in one order or store", "An order is in one currency.", "同一订单或门店出现两种币种", "一个订单只能使用一种币种。", 1),
  negative_without_original: fault("A refund does not say what it takes back", "Give refund_of with order and line.", "退货未指明原单", "请在 refund_of 中填写订单和行号。", 1),
  refund_too_large: fault("More is taken back than was sold", "", "退货数量超过售出数量", "", 1),
  revision_conflict: fault("This revision was sent before and said something else", "A correction has a higher revision.", "该修订版已存在且内容不同", "更正须使用更高的修订号。", 1),
  missing_field: fault("A field is missing", "", "缺少字段", "", 1),
  not_understood: fault("The line was not understood", "See docs/sales.md for the fields of a line.", "该行无法识别", "行的字段见 docs/sales.md。", 1),
  truncated: fault("The file ends in the middle", "Send it whole.", "文件不完整", "请完整发送。", 0),
  mapping_matches_nothing: fault("The mapping fits nothing in the file", "Check the channel’s mapping.", "映射与文件不符", "请检查渠道映射。", 1),
  unknown_product: fault("The product is not known", "It is taken by itself once the product is there.", "商品未知", "录入该商品后会自动入账。", 1),
  unknown_store: fault("The store is not known", "It is taken by itself once the store is there.", "门店未知", "录入该门店后会自动入账。", 1),
  unknown_original: fault("What it refunds is not known", "It is taken by itself when that line comes.", "原单未知", "收到原单后会自动入账。", 1),
};

/**
 * A refusal in a language. In English the service’s own words stand, which are the more exact. An unknown
 * code, of a newer service, leaves them as they are.
 */
export function inLanguage(lang: Lang, code: string, error: string, hint: string): { error: string; hint: string } {
  const known = Object.hasOwn(faults, code) ? faults[code] : undefined;
  if (!known) return { error, hint };
  if (lang === "en") return { error: error || known.en[0], hint: hint || known.en[1] };
  const [what, remedy] = known[lang];
  return { error: known.named && error ? `${what}（${error}）` : what, hint: remedy };
}
