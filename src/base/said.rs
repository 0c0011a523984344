//! What is said to people about a night: headings, words of reports, refusals and hints, each with its
//! two texts side by side.

use super::diagnostic::fill;
use super::messages::Lang;

/// The texts of reports. Nouns stand in braces and are the same in both tongues.
macro_rules! texts {
    ($($name:ident $id:literal $en:literal $zh:literal;)*) => {
        /// What is said about a night.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each text stands beside its name")]
        pub enum Say { $($name,)* }

        impl Say {
            /// Every text.
            pub const ALL: &'static [Say] = &[$(Say::$name,)*];

            /// The stable identifier.
            pub fn id(self) -> &'static str {
                match self { $(Say::$name => $id,)* }
            }

            /// The text, with its nouns in braces.
            pub fn text(self, lang: Lang) -> &'static str {
                match self { $(Say::$name => lang.pick($en, $zh),)* }
            }
        }
    };
}

impl Say {
    /// The text with its nouns.
    pub fn with(self, lang: Lang, nouns: &[(&'static str, String)]) -> String {
        fill(self.text(lang), nouns)
    }
}

texts! {
    Title "R001" "{city}: night {night}, told as of {as_of}" "{city}:{night} 夜,截至 {as_of}";
    Streams "R002" "What came, and where it went" "取数与去向";
    Stream "R003" "stream" "数据流";
    Received "R004" "received" "收到";
    Added "R005" "added" "新增";
    Changed "R006" "changed" "变更";
    Unchanged "R007" "unchanged" "未变";
    Duplicate "R008" "duplicate" "重复";
    Filtered "R009" "filtered" "略去";
    Quarantined "R010" "quarantined" "隔离";
    Deleted "R011" "deleted" "来源删除";
    Ended "R012" "ended" "结果";
    Done "R013" "done" "完成";
    Nothing "R014" "nothing new" "无新数据";
    Failed "R015" "failed" "失败";
    Equation "R016" "received (+ rows split off) = added + changed + unchanged + duplicate + filtered + quarantined, for every stream" "每个数据流:收到(+ 拆出的行)= 新增 + 变更 + 未变 + 重复 + 略去 + 隔离";
    Open "R017" "the equation of {streams} does not close: this is a bug" "{streams} 的平衡式不成立:这是程序错误";
    Quarantine "R020" "Rows in quarantine" "隔离的行";
    Reason "R021" "reason" "原因";
    Rows "R022" "rows" "行数";
    First "R023" "first" "首例位置";
    Forgotten "R024" "deleted, for its time is over: {what}" "保存期满,已删除:{what}";
    Findings "R030" "To look at" "待查事项";
    Kind "R031" "kind" "类型";
    Subject "R032" "about" "对象";
    Where "R033" "in" "位置";
    More "R034" "… and {count} more in table `finding` of the warehouse" "……另有 {count} 项,见数据仓库 `finding` 表";
    Metrics "R040" "Metrics, by status of their values" "指标各状态的数值个数";
    Metric "R041" "metric" "指标";
    StaleMark "R042" "stale" "陈旧";
    Results "R050" "Results" "结果";
    Warehouse "R051" "warehouse" "数据仓库";
    LoadedRows "R570" "{written} rows written, {removed} removed, {unchanged} unchanged" "写入 {written} 行,删除 {removed} 行,{unchanged} 行未变";
    TryServer "R571" "ask the warehouse: psql \"{path}\" -c \"select metric, title, formula from metric_definition\"" "查询数据仓库:psql \"{path}\" -c \"select metric, title, formula from metric_definition\"";
    NothingToMigrate "R572" "`{place}` stands as this home asks: nothing to change" "`{place}` 与本定义一致,无需变更";
    ToMigrate "R573" "{count} statements would change `{place}`" "将以 {count} 条语句变更 `{place}`";
    Migrated "R574" "{count} statements changed `{place}`" "已以 {count} 条语句变更 `{place}`";
    MigratedHint "R575" "columns that are new are empty until the next night: shuping run" "新增的列在下一夜装载后才有值:shuping run";
    NoStream "R660" "`{found}` is no stream of this home" "本定义中没有数据流 `{found}`";
    NoStreamHint "R661" "a stream is named by its system and its name, such as `{guess}`" "数据流写作“系统.名称”,例如 `{guess}`";
    NoRange "R662" "`{found}` is no time from when to when" "`{found}` 不是起止时间";
    NoRangeHint "R663" "whole months, `2024-01..2024-06`, or whole days, `2024-01-05..2024-02-10`; the earlier first" "整月写作 `2024-01..2024-06`,整日写作 `2024-01-05..2024-02-10`,先早后晚";
    NotPast "R664" "`{found}` is not all past" "`{found}` 尚未全部过去";
    NotPastHint "R665" "what is to come is asked for by every night; end the range before today" "今后的数据由每夜自行取数,请把止日写在今天以前";
    NoPast "R666" "`{stream}` can't be asked for a part of its past: {problem}" "无法单独取 `{stream}` 的历史数据:{problem}";
    NoPastHint "R667" "a stream of kind http or sql can whose [stream.cursor] ends its windows: `until`, or the column of a database" "http 或 sql 类数据流可以,其 [stream.cursor] 须能给出窗口止点:`until`,或数据库的列";
    HasLanded "R668" "  (has landed)" "  (已取到)";
    PastPlan "R669" "{slices} slices, {asked} of them to ask for" "共 {slices} 段,待取 {asked} 段";
    PastLanded "R670" "{slice}: {rows} rows landed" "{slice}:取到 {rows} 行";
    PastDone "R671" "{rows} rows of {slices} slices landed" "取到 {slices} 段共 {rows} 行";
    PastDoneHint "R672" "the next night merges them: shuping run" "下一夜合并:shuping run";
    PastBroken "R673" "the past has not come to its end: {problem}" "历史数据未取完:{problem}";
    PastBrokenHint "R674" "run the same again: slices that landed are not asked for twice" "请再次运行同一命令:已取到的各段不会重取";
    NoWarehouse "R576" "the address of the warehouse is missing: {problem}" "缺少数据仓库地址:{problem}";
    NoWarehouseHint "R577" "put it into `secrets/` or the environment as shuping.toml names it; without `[warehouse] url` the warehouse is a file" "请按 shuping.toml 所写放入 `secrets/` 或环境变量;不写 `[warehouse] url` 时数据仓库为文件";
    Release "R052" "release" "发布文件";
    FailedStream "R060" "{stream} failed: {why}; its last good data stay, and metrics that rest on it are marked stale" "{stream} 失败:{why};沿用上次数据,依据它的指标标为陈旧";
    OwnerHint "R061" "{owner} answers for {system}; when it is mended, run the same night again: only what failed is asked for" "{system} 由{owner}负责;修复后重跑同一夜,只会重取失败的数据流";
    MendedHint "R481" "when it is mended, run the same night again: only what failed is asked for" "修复后重跑同一夜,只会重取失败的数据流";
    TryQuery "R062" "ask the warehouse: sqlite3 {path} \"select metric, title, formula from metric_definition\"" "查询数据仓库:sqlite3 {path} \"select metric, title, formula from metric_definition\"";
    TryAliases "R063" "{rows} rows name a unit that nobody knows; `shuping aliases` lists the names: decide and run again" "{rows} 行的机构名称无人认得;请用 `shuping aliases` 查看、登记后重跑";
    CityTable "R070" "The year 2025: units with the most cases a person" "2025 年人均办件最多的机构";
    Unit "R071" "unit" "机构";
    Checked "R080" "{connectors} connectors, {streams} streams, {tables} tables, {metrics} metrics: no fault" "连接器 {connectors} 个,数据流 {streams} 个,数据表 {tables} 张,指标 {metrics} 个:无误";
    Faults "R081" "{faults} faults in {files} files; nothing was run" "{files} 个文件共 {faults} 处错误;未执行任何操作";
    NoHome "R082" "cannot read the home `{path}`: {problem}" "无法读取目录 `{path}`:{problem}";
    NoHomeHint "R083" "`shuping init <dir>` writes a home to begin with; `--home <dir>` names another" "`shuping init <目录>` 可生成一个初始目录;`--home <目录>` 指定其他目录";
    Busy "R084" "another night is running here: {holder}" "另一夜正在此处运行:{holder}";
    BusyHint "R085" "wait until it ends, or stop that process; the lock goes with it" "请等待其结束,或停止该进程,锁会随之释放";
    OtherKey "R086" "the lake's pseudonyms were made with key {lake}, the key given is {given}" "数据湖的假名由密钥 {lake} 生成,当前密钥为 {given}";
    OtherKeyHint "R087" "give the key that made the lake: with another, everybody would leave and join overnight" "请使用生成该数据湖的密钥:换用其他密钥会使全体人员一夜之间离开又加入";
    NoKey "R088" "the key of the pseudonyms is missing: {problem}" "缺少假名密钥:{problem}";
    NoKeyHint "R089" "make one: mkdir -p secrets && openssl rand -hex 32 > secrets/pseudonym.key && chmod 600 secrets/pseudonym.key" "生成密钥:mkdir -p secrets && openssl rand -hex 32 > secrets/pseudonym.key && chmod 600 secrets/pseudonym.key";
    Broke "R090" "{problem}" "{problem}";
    DiskFull "R480" "the disk is full: {problem}" "磁盘已满:{problem}";
    DiskFullHint "H216" "make room there, and run the same night again: what stands on the disk is whole; `[retention]` says how long what is kept" "请腾出空间后重跑同一夜:磁盘上的状态是完整的;`[retention]` 规定保存期限";
    BrokeHint "R091" "the state on the disk is whole; run the same night again" "磁盘上的状态是完整的;请重跑同一夜";
    Interrupted "R092" "interrupted; the state on the disk is whole, run the same night again" "已中断;磁盘上的状态是完整的,请重跑同一夜";
    Bug "R134" "a bug in shuping {version}: {problem}" "shuping {version} 程序缺陷:{problem}";
    BugHint "R135" "the state on the disk is whole; report the lines above to the project that gave you this program, with what you ran" "磁盘上的状态是完整的;请将以上各行和所执行的命令报告给提供本程序的项目";
    Wrote "R093" "wrote a home of {files} files to `{path}`" "已在 `{path}` 写入 {files} 个文件";
    WroteHint "R094" "next: put keys into `secrets/`, set the variables that connectors/*.toml name, then `shuping check --home {path}`" "下一步:将密钥放入 `secrets/`,设置 connectors/*.toml 中的环境变量,然后 `shuping check --home {path}`";
    NoForm "R600" "no workbook is known for `{found}`" "没有 `{found}` 的填报工作簿";
    NoFormHint "R601" "the systems are {choices}; a workbook is made of any connector of kind `files` whose streams each read one named sheet below one row of headers" "可用的系统:{choices};凡 `files` 连接器,各数据流只读一张指名的表、表头一行者,均可生成";
    FormHint "R602" "when it is filled in, put it into `{folder}`" "填好后放入 `{folder}`";
    FormSwitchHint "R603" "copy {file} into connectors/ of the home, in the place of the connector of this system; when the workbook is filled in, put it into `{folder}`" "将 {file} 放入配置目录的 connectors/,替换该系统原有的连接器;工作簿填好后放入 `{folder}`";
    HandbookWritten "R470" "{metrics} metrics and {trees} trees of points are told" "共收录指标 {metrics} 个、评分树 {trees} 棵";
    UnknownGroup "R471" "no group of this level is `{found}`" "该层级没有 `{found}`";
    SinceRelease "R472" "since release {release}, which says {was}: {cause}" "自发布 {release}(当时为 {was})以来:{cause}";
    FreshRows "R473" "fact {fact}: {rows} rows, {what}" "事实 {fact}:{rows} 行,{what}";
    NoNights "R095" "no night has run here yet" "此处尚未运行过任何一夜";
    NoNightsHint "R096" "`shuping run --home {path}`" "`shuping run --home {path}`";
    LastNights "R097" "Nights" "各夜";
    Night "R098" "night" "夜";
    Replay "R101" "landing is kept from {night} on: nights since then can be run again" "落地数据自 {night} 起保留:此后各夜均可重跑";
    StreamsStand "R103" "Streams" "数据流";
    LastGood "R102" "last good" "上次成功";
    Serving "R110" "the pretend city answers; stop it with Ctrl-C" "模拟城市已就绪;按 Ctrl-C 停止";
    ServingHint "R111" "in another shell, export the lines above and run `shuping run --home <dir> --night {night}`" "在另一个终端导出以上各行,然后运行 `shuping run --home <目录> --night {night}`";
    DemoAt "R112" "the pretend city 嘉宁市 at scale {scale}, in `{path}`" "模拟城市嘉宁市,规模 {scale},位于 `{path}`";
    DemoAgain "R113" "look around: `shuping status --home {path}`; the files that made it: {path}/connectors, {path}/pipelines" "继续查看:`shuping status --home {path}`;其定义文件:{path}/connectors、{path}/pipelines";
    Asking "R120" "Asking" "请求";
    Landed "R121" "Landed" "落地";
    Modelled "R122" "Modelled" "建模";
    Told "R123" "Told" "计算";
    Loaded "R124" "Loaded" "入库";
    Published "R125" "Published" "发布";
    FailedStep "R126" "Failed" "失败";
    StepRows "R127" "{rows} rows" "{rows} 行";
    StepVersions "R128" "{rows} new versions" "{rows} 个新版本";
    StepValues "R129" "{rows} values of metrics" "{rows} 个指标值";
    NextNight "R130" "night {night} runs next, at {time}" "下一夜为 {night},将于 {time} 运行";
    CatchUp "R131" "night {night} was missed or interrupted; it runs now" "{night} 夜曾错过或中断,现在补跑";
    NightEnded "R132" "night {night} ended with exit code {code}" "{night} 夜结束,退出码 {code}";
    Stopped "R133" "stopped; the state on the disk is whole, the next start runs again what did not end" "已停止;磁盘上的状态是完整的,下次启动会重跑未完成的一夜";
    Scores "R150" "Data scores of the year, by category" "年度数据评分";
    Category "R151" "category" "类别";
    Units "R152" "units" "机构数";
    Scored "R153" "scored" "已评分";
    UnknownMetric "R160" "no metric is named `{found}`" "没有名为 `{found}` 的指标";
    UnknownUnit "R161" "no unit answers to `{found}`" "没有机构名为 `{found}`";
    UnknownSection "R162" "this is not told for a section `{found}` of the unit" "该机构的内设机构 `{found}` 没有此指标";
    UnknownPart "R163" "this is told for parts of the unit, and `{found}` is none of them" "此指标按机构的各部分计算,其中没有 `{found}`";
    UnknownPeriod "R164" "this is not told for period `{found}`" "此指标没有期间 `{found}`";
    Nearest "R165" "known here: {names}" "此处可用:{names}";
    Definition "R166" "definition {version}, {file}:{line} ({basis})" "定义第 {version} 版,{file}:{line}({basis})";
    StatusLine "R167" "status {status}: {why}" "状态 {status}:{why}";
    WhyPlain "R168" "no least base is asked for" "未规定最低基数";
    WhyNotFed "R169" "no stream feeds what it rests on, or the home has no reference or list for it" "所依据的数据没有来源,或没有同类参照或名录";
    WhyNotKnown "R170" "nothing is known before {first}" "{first} 之前没有数据";
    WhyNoCalendar "R194" "it counts in working days, and those of {year} are not in schemas/calendar" "以工作日计,而 schemas/calendar 中没有 {year} 年的工作日历";
    WhyNoValue "R171" "a part of the formula has no value" "公式中有一项无值";
    WhyZero "R198" "a part of the formula is divided by 0" "公式中有一项的除数为 0";
    WhyNotWhole "R199" "the formula asks {period}, which is not known whole" "公式所需的期间 {period} 数据不全";
    WhyBase "R172" "{base} = {found}, at least {least} is asked for" "{base} = {found},要求不低于 {least}";
    WhyWithheld "R173" "{base} is below {least}: what rests on so few people is told to nobody" "{base} 低于 {least}:依据人数过少,不对外提供";
    Rekeyed "R196" "the lake has key {fingerprint}; {identities} identities have new pseudonyms" "数据湖密钥现为 {fingerprint},已更换 {identities} 个假名";
    RekeyedHint "R197" "keep both secrets, `{from}` and `{to}`: a night needs the whole chain" "`{from}` 与 `{to}` 均须保留:夜间任务需要整条密钥链";
    WhyBeside "R195" "others rest on too few people, and this value would tell them by subtraction" "另有数值依据人数过少,公布此值即可相减得出";
    Steps "R174" "Names in the formula" "公式中的名称";
    PartsOf "R175" "Part by part" "逐项";
    Measures "R176" "What was counted" "计数";
    Measure "R177" "measure" "计量";
    Amount "R178" "amount" "数量";
    RowsCounted "R179" "rows that count" "计入行数";
    Derived "R180" "made columns" "派生列";
    CameFrom "R181" "Where the rows came from" "数据行的来源";
    FactLine "R182" "fact {fact} of table {table}: {rows} rows" "事实 {fact}(数据表 {table}):{rows} 行";
    SourceLine "R183" "{rows} rows from {stream}, nights {first} to {last}" "{rows} 行来自 {stream},{first} 至 {last} 各夜";
    PlaceLine "R184" "{source}: {rows} rows" "{source}:{rows} 行";
    AndMore "R185" "and {count} more" "另有 {count} 处";
    StaleStreams "R186" "stale: {streams} did not deliver this night" "陈旧:{streams} 当夜未送达";
    Before "R187" "{period}: {shown}; moved by {difference}" "{period}:{shown};变动 {difference}";
    PublishedSame "R188" "release {release} says the same; night {night}, as of {as_of}, home {home}" "与发布 {release} 一致;{night} 夜,截至 {as_of},定义指纹 {home}";
    PublishedNone "R189" "no release of night {night} names this number; as of {as_of}, home {home}" "{night} 夜的发布中没有此数;截至 {as_of},定义指纹 {home}";
    PublishedClosed "H170" "release {release} says {status} {value}: the period was closed with release {from}, what is counted now is a correction" "发布 {release} 为 {status} {value}:该周期已按发布 {from} 定稿,现所计之数列入更正";
    PublishedOther "R190" "release {release} says {status} {value}, the lake gives another value: run night {night} again" "发布 {release} 为 {status} {value},与数据湖所得不一致:请重跑 {night} 夜";
    ShowRows "R191" "the rows: add --rows; the same for a program: --json" "查看数据行:加 --rows;供程序读取:--json";
    Excluded "R192" "does not count" "不计";
    NotRunnable "R193" "DuckDB cannot run this: it calls what only a home knows; make it a derived column" "DuckDB 无法运行:其中函数依赖本目录的定义;请改为派生列";
    Missed "R230" "{names} names in {rows} rows of night {night} have no unit" "{night} 夜有 {names} 个名称、共 {rows} 行无对应机构";
    NoneMissed "R231" "every name of night {night} has its unit, by what connectors/aliases.csv says now" "按现有 connectors/aliases.csv,{night} 夜的名称均有对应机构";
    Name "R232" "name" "名称";
    Days "R233" "days of the rows" "日期";
    Why "R234" "why" "原因";
    NearestUnits "R235" "nearest units" "相近机构";
    WhyUnknownName "R236" "nobody knows it" "无人认得";
    WhyAmbiguous "R237" "may mean several" "可指多个机构";
    WhyOutOfTime "R238" "not there on the day" "当日尚无此机构";
    LikeSame "R239" "same name" "同名";
    LikeEnding "R240" "other ending" "词尾不同";
    LikeShort "R241" "short form" "简称";
    LikeSlip "R242" "slip" "误写";
    LikeCommon "R243" "letters in common" "部分相同";
    TryAccept "R244" "`shuping --home {path} aliases accept {name} {unit}` decides; `reject` keeps a candidate away, `undo` takes back" "`shuping --home {path} aliases accept {name} {unit}` 登记;`reject` 排除候选,`undo` 撤销";
    WroteLine "R245" "connectors/aliases.csv:{line}: {decision} `{name}` {unit}" "connectors/aliases.csv:{line}:{decision} `{name}` {unit}";
    Gained "R246" "{rows} of {all} rows with this name get their unit when night {night} is run again" "重跑 {night} 夜后,{all} 行中有 {rows} 行得到机构";
    Lost "R247" "{rows} of {all} rows with this name lose their unit when night {night} is run again" "重跑 {night} 夜后,{all} 行中有 {rows} 行失去机构";
    RunAgain "R248" "`shuping --home {path} run --night {night} --as-of {as_of}`: what has landed is not asked for again" "`shuping --home {path} run --night {night} --as-of {as_of}`:已落地的数据不再重取";
    SeveralUnits "R249" "several units are called `{found}`" "有多个机构名为 `{found}`";
    Guess "R250" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    NameMeans "R251" "`{name}` means {unit} already" "`{name}` 已对应 {unit}";
    RulesFirst "R252" "no line decides before the rules do: rename it in the source, or take back the line that says so" "规则先于登记:请在来源系统更正名称,或撤销已有的登记";
    NothingFelt "R253" "no row with `{name}` would change: {why}" "含 `{name}` 的行不会有变化:{why}";
    WhyOtherDays "R261" "none of its rows is from these days" "没有一行在此起止日期之内";
    NameEmpty "R254" "a name is needed" "名称不得为空";
    RejectsNothing "R255" "`{unit}` is no unit that could be suggested" "`{unit}` 不是可能被推荐的机构";
    StandsRejected "R256" "line {line} rejects `{name}` for {unit}" "第 {line} 行已排除 `{name}` 对应 {unit}";
    StandsHeld "R257" "line {line} says that `{name}` means {unit}" "第 {line} 行已登记 `{name}` 对应 {unit}";
    UndoHint "R258" "`shuping --home {path} aliases undo {name}` takes a decision back; a line that was listed by hand is deleted by hand" "`shuping --home {path} aliases undo {name}` 可撤销登记;手工写入的行请手工删去";
    NoUndo "R259" "there is no decision to take back" "没有可撤销的登记";
    UnknownSystem "R260" "no connector reads a system `{found}`" "没有连接器读取系统 `{found}`";
    KindUnknownUnit "R140" "a name that no unit answers to" "无人认得的机构名称";
    KindIncomplete "R141" "an expected value is missing" "应填未填";
    KindUnmapped "R142" "a word that no code knows" "未对应代码的取值";
    KindDisagrees "R143" "two sources of one value disagree" "同一值两处不一致";
    KindCheck "R144" "a check of the manifest fails" "未通过清单中的核对";
    KindUnread "R145" "a column that nobody maps" "未使用的列";
    KindSeveral "R147" "a cell that names several" "一格写了多项";
    KindPeople "R146" "people in time" "人员时序疑点";
    KindMonthOnly "R148" "a day of which only the month is told" "只有年月的日期";
    KindUnknownPerson "R149" "somebody whom no roster knows" "名册上没有的人员";
    TryCalendar "R156" "{rows} values count in working days that are not published: add `{file}` (date,is_workday,name) and run the night again" "{rows} 个指标值以工作日计而缺日历:请补充 `{file}`(date,is_workday,name)后重跑";
    KindNoCalendar "R155" "values without a calendar; the file to add" "缺工作日历的指标值;请补充该文件";
    KindOtherMeaning "R422" "a metric that means something else, under the same version" "口径已变而版本未变";
    KindMetricGone "R423" "a metric that went without a year's notice" "未提前一年公布即撤下的指标";
    KindOrphan "R270" "a key that points at no row" "指向不存在的行";
    KindNotUnique "R271" "a value that only one row may have" "应唯一而重复的取值";
    KindBeyond "R154" "a metric beyond its limit" "指标超出界限";
    KindStrayCorrection "R226" "a corrected row that nobody waits for" "更正行无对应的隔离行";
    KindCameTwice "R482" "a key that came twice while paging; another row may be missing" "翻页时同一主键出现两次,可能漏取别的行";
    KindRivalFiles "R732" "files of one night that say something else of the same keys; the last by name stands" "同一夜的两个文件同键异值,以文件名靠后者为准";
    KindNotWhole "R604" "a file that is not whole yet; another night reads it" "文件尚不完整,留待下一夜读取";
    KindUnreadFile "R730" "a file or folder of the drop folder that no stream reads" "投递目录中没有数据流读取的文件或子目录";
    KindBelowEnd "R430" "rows below the row that ends a table; nobody reads them" "表尾行之下仍有数据行,未读取";
    KindUnreadCorrection "R227" "a file of corrections that can't be read" "更正文件无法读取";
    ClosedRows "R200" "Closed in quarantine" "隔离行结案";
    How "R201" "how" "方式";
    HeldRows "R202" "Held back" "隔离行";
    Source "R203" "source" "来源";
    Row "R204" "row" "行";
    Column "R205" "column" "列";
    Since "R206" "since" "起始夜";
    StateOf "R207" "state" "状态";
    StateOpen "R208" "open" "未结";
    StateCorrected "R209" "corrected" "已更正";
    StateResent "R210" "resent" "已重报";
    StateAgain "R211" "held back again" "再次隔离";
    StateRefused "R212" "whole delivery refused" "整批被拒";
    NothingHeld "R213" "nothing is held back" "没有未结的隔离行";
    TryExport "R214" "for the sender to correct: shuping quarantine export {which} --to FILE.xlsx" "导出给报送单位更正:shuping quarantine export {which} --to 文件.xlsx";
    UnknownStream "R215" "no system or stream is named `{found}`" "没有名为 `{found}` 的系统或数据流";
    Exported "R216" "wrote {rows} rows to `{path}`: personal data in clear, only its owner may read it; send it to nobody but the sender, then delete it" "已将 {rows} 行写入 `{path}`:含明文个人信息,仅属主可读;只可交还报送单位,用后即删";
    ExportedHint "R217" "corrected, it goes into `{folder}` under any name; the next night reads it" "更正后以任意文件名放入 `{folder}`,下一夜读取";
    AtSource "R218" "{rows} rows of {stream} are listed only: no payload was kept, correct them in the system itself" "{stream} 的 {rows} 行仅列出位置:本系统不存原文,请在来源系统中更正";
    LostGone "R219" "`{source}`: no file in the drop folder has its content any more, {rows} rows are left out" "`{source}`:投递目录中已无此内容的文件,略去 {rows} 行";
    LostChanged "R220" "`{source}`: the file of that name has other content now, {rows} rows are left out" "`{source}`:同名文件的内容已变,略去 {rows} 行";
    LostUnread "R221" "`{source}`: {why}, {rows} rows are left out" "`{source}`:{why},略去 {rows} 行";
    LostRow "R222" "`{source}`: {rows} rows are not found by the connector as it is now" "`{source}`:按现在的连接器找不到其中 {rows} 行";
    NothingExported "R223" "nothing could be exported; no file was written" "无可导出;未写文件";
    TargetExists "R224" "`{path}` exists and is not overwritten" "`{path}` 已存在,不予覆盖";
    TargetInside "R225" "`{path}` lies in the home: what is exported is personal data and stands outside" "`{path}` 位于本目录之内:导出件含个人信息,须放在目录之外";
    ReasonMissing "R330" "is missing" "必填未填";
    ReasonMalformed "R331" "the row has more or fewer fields than the header, or letters that can't be read" "行与表头列数不符,或有无法识别的字符";
    ReasonUnknownValue "R332" "a word that no code knows" "取值不在代码之内";
    ReasonNoMatch "R333" "not written as expected" "写法不符";
    ReasonWhole "R334" "not a whole number" "不是整数";
    ReasonDecimal "R335" "not a number" "不是数字";
    ReasonFlag "R336" "neither yes nor no" "不是“是”或“否”";
    ReasonDay "R337" "not a day" "不是日期";
    ReasonTime "R338" "not a time" "不是时间";
    ReasonRange "R339" "out of range" "超出范围";
    ReasonLength "R347" "has a wrong length" "长度不符";
    ReasonIdNumber "R340" "was kept as a number and has lost its last digits" "以数字保存,末几位已失真";
    ReasonIdCharacter "R341" "has a character that no such number has" "含有不应出现的字符";
    ReasonIdLength "R342" "has a wrong length" "位数不对";
    ReasonIdRegion "R343" "begins with no region" "地区码不存在";
    ReasonIdDate "R344" "holds no day of birth" "其中的出生日期不成立";
    ReasonIdCheck "R345" "its last character does not fit the rest" "校验码不符";
    ReasonCheck "R346" "does not pass `{check}`" "未通过核对 `{check}`";
    KindCrossCheck "R360" "two records contradict each other" "两处记录相互矛盾";
    KindDiffers "R361" "self-reported figures that differ" "自报数与系统数不符";
    KindUnknownMetric "R362" "self-reported, and no metric" "自报的指标编码不存在";
    KindUnitOfMeasure "R363" "self-reported in another unit of measure" "自报所用计量单位不同";
    Reconciled "R364" "Self-reported figures beside what the systems say" "自报数与系统数核对";
    Reported "R365" "reported" "自报";
    Ours "R366" "counted" "系统计";
    Apart "R367" "apart" "差";
    Verdict "R368" "verdict" "结论";
    Differs "R369" "differs" "不符";
    UnitOfMeasure "R370" "unit of measure" "计量单位不同";
    ReconciledLine "R371" "{agree} of {all} figures agree, {differ} differ, {unit} agree in another unit of measure, {none} have nothing to compare with" "共 {all} 项:相符 {agree},不符 {differ},换算计量单位后相符 {unit},无从核对 {none}";
    MoreReconciled "R372" "… and {count} more in table `reconciliation` of the warehouse" "……另有 {count} 项,见数据仓库 `reconciliation` 表";
    TryRows "R373" "the rows behind our number: shuping explain {metric} --unit {unit} --period {period} --rows" "查看系统数所依据的行:shuping explain {metric} --unit {unit} --period {period} --rows";
    NoPurpose "R384" "these rows are about persons: they are shown for a purpose, which is noted" "这些行涉及个人:须说明查看目的,并予记录";
    NoPurposeHint "R385" "add `--purpose \"why they are read\"`" "请加上 `--purpose \"查看目的\"`";
    KindWrongCode "R380" "codes that are wrong, left empty" "编码有误,已置空";
    ReasonCodeAuthority "R381" "begins with no registering authority" "登记管理部门代码不存在";
    ReasonCodeRegion "R382" "characters 3 to 8 are no region" "第 3 至 8 位不是行政区划";
    ReasonCodeOrganisation "R383" "the organisation code inside does not fit its check character" "其中组织机构代码的校验码不符";
    TestFailed "R424" "{test}\n  expected  {expected}\n  found     {found}\n  formula   {formula}\n  at        {file}:{line}" "{test}\n  应为  {expected}\n  实为  {found}\n  公式  {formula}\n  位于  {file}:{line}";
    TestNothing "R425" "nothing is told there" "该处没有数值";
    TestsDone "R426" "{passed} passed; {failed} failed" "通过 {passed} 个,不符 {failed} 个";
    DiffTitle "R400" "{before} → {after}: {count} values moved" "{before} → {after}:{count} 个数值有变";
    TryTitle "R401" "The draft against {release}, told as of {as_of}: {count} values would move" "草案与 {release} 相比,截至 {as_of}:{count} 个数值将变";
    TryHomeChanged "R402" "the home has changed since {release}: what that moves is shown too" "{release} 之后配置目录已改过:其影响也在其中";
    NothingMoved "R403" "nothing moved" "无变化";
    Came "R404" "came" "新出现";
    Went "R405" "went" "不再有";
    MovedValues "R406" "moved" "变动";
    Furthest "R408" "the furthest" "变动最大";
    Parts "R409" "numerator / denominator" "分子 / 分母";
    MoreMoved "R410" "… and {count} more; `--csv` prints all" "……另有 {count} 个,`--csv` 全部列出";
    DayToCome "R488" "night {night} knows nothing of {as_of}: that day comes after it" "{night} 一夜尚不知 {as_of} 的情况:该日在其后";
    NightToCome "R700" "night {night} is still to come: the last whose cutoff has passed is {last}" "{night} 一夜尚未到来:截止时刻已过的最近一夜为 {last}";
    NightToComeHint "H219" "is the date right, and the clock of this machine? `--early` runs it all the same, and what it lands stands for that night" "日期是否有误,本机时钟是否准确?`--early` 仍可运行,所落地的数据即作为该夜数据";
    DayToComeHint "H194" "`--as-of` is the day that is told: that of the night, or one before" "`--as-of` 为所述之日:当夜之日或更早";
    MoreScores "R487" "… and {count} more; `--metric score` shows all" "……另有 {count} 个,`--metric score` 全部列出";
    MovedScores "R411" "Scores that move: {count}" "变动的评分:{count} 个";
    CauseDefinition "R412" "definition" "口径";
    CauseUnits "R413" "units" "机构";
    CauseTime "R414" "time" "周期";
    CauseRows "R415" "rows" "数据";
    CauseAlias "R460" "a name that was decided" "机构名称对照";
    CauseDeleted "R461" "deleted rows" "数据行已删除";
    CauseChanged "R462" "changed rows" "数据行有变更";
    CauseNew "R463" "new rows" "新到的数据行";
    CausePersons "R464" "rows of persons" "人员在岗时段";
    ScoreWhole "R465" "{shown} = 100 × {earned} / {available}, between {low} and {high}: {state} {reason}" "{shown} = 100 × {earned} / {available},介于 {low} 与 {high}:{state} {reason}";
    LeafEarned "R466" "{earned} of {available} points, which give {gives} of the score: {state} {reason}" "得 {earned} 分,可得 {available} 分,折合百分制 {gives}:{state} {reason}";
    LeafMoved "R467" "{points} points by the tree, {moved} moved to it from leaves that were not scored" "分值 {points},从未评指标转入 {moved}";
    LeafRule "R468" "rule: {rule}" "评分规则:{rule}";
    LeafRests "R469" "rests on {metric}: {value}, status {status}, base {base}" "所据指标 {metric}:{value},状态 {status},基数 {base}";
    ScoreHint "H197" "`shuping explain <leaf>`, such as `{leaf}`, says how a line came about" "`shuping explain <指标编号>`(如 `{leaf}`)说明一行的由来";
    NoRelease "R416" "there is no release `{found}` in {path}" "{path} 中没有发布 `{found}`";
    NoReleaseHint "R417" "name a night (2026-01-05) or a release (2026-01-05.1) of that folder" "请写该文件夹中的某夜(2026-01-05)或某次发布(2026-01-05.1)";
    NoDraft "R418" "`{path}` says nothing that the home does not say" "`{path}` 与配置目录所写相同";
    NoDraftHint "R419" "put changed files there as they stand in the home, such as {path}/pipelines/service.toml" "请把改过的文件按原路径放入,如 {path}/pipelines/service.toml";
    NoNightYet "R420" "no night has been told here yet" "尚未跑过任何一夜";
    NoNightYetHint "R421" "run a night first: `shuping run`" "请先跑一夜:`shuping run`";
    ReleaseHolds "R490" "release {release}: {files} files, every byte as published" "发布 {release}:{files} 个文件,与发布时逐字节一致";
    FileDiffers "R491" "differs  {path}" "已改动  {path}";
    FileMissing "R492" "missing  {path}" "缺失    {path}";
    FileExtra "R493" "extra    {path}" "多出    {path}";
    ReleaseDiffers "R494" "release {release} is not as it was published: {count} files" "发布 {release} 与发布时不一致:{count} 个文件";
    ReleaseDiffersHint "R495" "take it from a backup, or `shuping release withdraw {release} --reason …`" "请从备份恢复,或执行 `shuping release withdraw {release} --reason …` 撤回";
    LatestIs "R496" "latest.json names {release}" "latest.json 指向 {release}";
    LatestNone "R497" "there is no latest.json: every release is withdrawn" "已无 latest.json:全部发布均已撤回";
    UseHint "R498" "it moves on when a later night is published, or by `shuping release use`" "后续夜次发布时自动前移,也可用 `shuping release use` 改指";
    IsWithdrawn "R499" "release {release} is withdrawn: {reason}" "发布 {release} 已撤回:{reason}";
    IsWithdrawnHint "R500" "name another release, or run the night again" "请指定其他发布,或重跑该夜";
    Withdrew "R501" "release {release} is withdrawn; {path} says so" "发布 {release} 已撤回,记于 {path}";
    Recounts "R550" "Months that were counted again" "重新计数的月份";
    RecountFact "R551" "fact" "事实";
    RecountMonths "R552" "months" "月数";
    RecountCounted "R553" "counted" "已计数";
    RecountWhy "R554" "why" "原因";
    WhyFirst "R555" "nothing was kept" "此前未留存";
    WhyAsked "R556" "asked for (`--full`)" "按要求(`--full`)";
    WhyMeaning "R557" "its meaning changed" "口径有变";
    WhyRows "R558" "rows changed" "数据有变";
    WhyAround "R559" "rows changed, and a measure looks at other months" "数据有变,且有计量涉及其他月份";
    ReferenceMade "R750" "{file}: {count} lines for {year}, from what release {release} says of {period}" "{file}:{year} 年参照 {count} 行,取自发布 {release} 中 {period} 年的数值";
    ReferenceMadeHint "R751" "read it, and keep it: the next night scores {year} with it, and `shuping check` holds it against the home" "请核对并存档:下一夜即以此评 {year} 年,`shuping check` 随即校验";
    ReferenceLacks "R752" "{category} {metric}: nobody has a value in {period}; what asks for it stays without" "{category} {metric}:{period} 年无数值,无从比较";
    ReferenceStands "R753" "{file} stands already, and what a year is compared with is made once" "{file} 已存在:年度参照只制定一次";
    ReferenceStandsHint "R754" "to make it anew take the file away first; the scores of {year} move with it" "确需重制,请先移走该文件;{year} 年评分将随之变动";
    ReferenceNotOverHint "R755" "make it after a night that is told as of {last} or later" "请在截至 {last} 或以后的一夜之后制定";
    ReferenceEmpty "R756" "release {release} tells nothing of {period} that units are compared with" "发布 {release} 中没有 {period} 年可供比较的数值";
    ReferenceEmptyHint "R757" "without `posterior_mean`, a plan of the peers, `impute_peer_median` or `PEERS` no reference is asked" "评分与指标未用到同类比较时无需参照";
    PeriodClosed "R640" "{period} is closed with {values} values and {scores} scores of release {release}" "{period} 已定稿:发布 {release} 的指标值 {values} 个、评分 {scores} 个";
    PeriodClosedHint "R641" "from the next night on they are what is published; what is counted otherwise then stands in the table of corrections" "自下一夜起均按此发布;此后计数不同的列入更正表";
    PeriodReopened "R642" "{period} is open: from the next night on what is counted is published" "{period} 已取消定稿:自下一夜起按所计发布";
    NoPeriod "R643" "`{found}` is no period" "`{found}` 不是周期";
    NoPeriodHint "R644" "such as 2025, 2025Q3, 2025-07, ytd:2025-07 or ttm:2025-12, if some metric is told of it" "写作 2025、2025Q3、2025-07、ytd:2025-07 或 ttm:2025-12,且须有指标按其计算";
    PeriodNotOver "R645" "{period} is not over in release {release}, which is told as of {as_of}" "发布 {release} 截至 {as_of},{period} 尚未结束";
    PeriodNotOverHint "R646" "close it after a night that is told as of {last} or later" "请在截至 {last} 或以后的一夜之后定稿";
    PeriodUntold "R647" "release {release} tells nothing of {period}" "发布 {release} 中没有 {period} 的数";
    PeriodIsClosed "R648" "{period} is closed already, with the numbers of release {release}" "{period} 已按发布 {release} 定稿";
    PeriodIsClosedHint "R649" "`--accept` closes it with what is counted now, `--reopen` opens it again, each with a reason" "`--accept` 按现在所计重新定稿,`--reopen` 取消定稿,均须写明原因";
    PeriodNotClosed "R650" "{period} is not closed" "{period} 未定稿";
    PeriodNotClosedHint "R651" "`shuping close --list` shows what is" "`shuping close --list` 列出已定稿的周期";
    PeriodNotCounted "R652" "what night {night} counts of {period} is not known: it ran before the period was closed, or a later one has run" "{night} 夜所计的 {period} 之数未留存:该夜早于定稿,或其后另有一夜";
    ClosedBrokenHint "R653" "take it from a backup, or open the period again: `shuping close {period} --reopen --reason …`" "请从备份恢复,或取消定稿:`shuping close {period} --reopen --reason …`";
    Corrections "R654" "corrections" "更正";
    Period "R655" "period" "周期";
    By "R656" "by" "经办";
    ReleaseHeld "R657" "release {release} moves more than shuping.toml lets it and is held back: {what}; latest.json still names {latest}" "发布 {release} 的变动超出 shuping.toml 所限,暂不发布:{what};latest.json 仍指向 {latest}";
    ReleaseHeldHint "R658" "look with `shuping diff {latest} {release}`; if it is right: `shuping release publish {release} --confirm \"why\"`" "请用 `shuping diff {latest} {release}` 核对;确认无误则 `shuping release publish {release} --confirm \"原因\"`";
    RunNotTold "R483" "`{place}` does not say so in `run` yet: {cause}" "`{place}` 的 `run` 尚未如此记载:{cause}";
    RunNotToldHint "R484" "it is said when night {night} is run again" "重跑 {night} 一夜即会记载";
    ReleaseDamaged "R659" "release {release} is not as it was published; what changed is told from an earlier one" "发布 {release} 与发布时不一致;变化改与更早的发布相比";
    RecountLine "R560" "{counted} of {months} months of {facts} facts were counted, the others are as they were" "{facts} 个事实共 {months} 个月,计数 {counted} 个,其余不变";
    PreviewTitle "R620" "{stream}: {rows} rows, asked now for table `{table}`; nothing is kept" "{stream}:现取 {rows} 行,对应数据表 `{table}`;不作任何留存";
    PreviewNone "R621" "no row came" "没有数据";
    PreviewCame "R622" "What came, as it would land" "来源数据(按落地形式)";
    PreviewMade "R623" "What table `{table}` would get: {held} rows held back, {filtered} left out" "数据表 `{table}` 将得到:隔离 {held} 行,略去 {filtered} 行";
    PreviewOthers "R624" "Columns that nobody maps; their values are not shown" "未使用的列(不显示内容)";
    TypeOf "R625" "type" "类型";
    Filled "R626" "filled" "已填";
    Note "R627" "note" "备注";
    TryDoctor "H150" "`shuping doctor {system}` says where the way ends" "`shuping doctor {system}` 可查明在何处中断";
    StandsWell "R628" "ok" "正常";
    StandsInDoubt "R629" "doubt" "注意";
    StandsBroken "R630" "broken" "故障";
    System "R631" "system" "系统";
    Looked "R632" "looked at" "检查项";
    Stands "R633" "stands" "状况";
    Found "R634" "found" "结果";
    DoctorLine "R635" "{checks} checks: {broken} broken, {doubts} in doubt" "共 {checks} 项:故障 {broken},注意 {doubts}";
    HintAddress "H151" "set the variable or the secret that `url` names; `shuping check` tells what the file says" "请设置 `url` 所引用的变量或密钥;`shuping check` 可检查文件本身";
    HintVariable "H218" "set it where shuping runs: by `EnvironmentFile=` of its unit, or by `export` in a shell" "请在运行 shuping 的环境中设置:服务单元的 `EnvironmentFile=`,或 shell 中 `export`";
    HintName "H152" "is the name in `url` right, and does this machine's name server know it?" "请核对 `url` 中的主机名,以及本机域名服务器能否解析";
    HintTcp "H153" "is it up, is the port right, and does a firewall stand between?" "请确认对方服务已启动、端口无误、防火墙已放行";
    HintTls "H154" "ask its owner for a valid certificate; `ca` in [http] names who vouches for it" "请对方更换有效证书;[http] 的 `ca` 指明由谁签发";
    HintClock "H155" "set the clock (NTP): signatures fail on a wrong one, ours or theirs" "请校准时钟(NTP):任一方时钟不准,签名都会失败";
    HintFolder "H156" "make or mount it, and let this user read it" "请创建或挂载,并允许本用户读取";
    HintFile "H230" "take it away, or ask for it again: the other files wait for it" "请移走该文件或请对方重新提供:其余文件须等它";
    HintUnread "H231" "is one a file of {file} under a new name? then widen `file` of its stream; otherwise take it away" "如系 {file} 应读的文件而名称有变,请放宽该数据流的 `file`;否则请移走";
    HintPattern "H157" "`file` in {file} is a pattern of the whole name: does it still fit?" "{file} 的 `file` 须匹配整个文件名:是否仍然相符?";
    HintOurs "H158" "ask whoever issued it for a new one, before it ends" "请在到期之前向签发方申请新证书";
    HintAsked "H159" "mend {file} by what it says, or ask {owner}" "请按提示修改 {file},或联系{owner}";
    HintFresh "H160" "ask {owner}, then `shuping run`: only what failed is asked again" "请联系{owner},然后 `shuping run`:只重取失败的数据流";
    HintSecret "H161" "write it into `secrets/{name}` of the home, mode 0600" "请写入主目录 `secrets/{name}`,权限 0600";
    HintOld "H162" "ask its owner for a new one, and write it into `secrets/{name}`" "请向对方申请新密钥,写入 `secrets/{name}`";
    HintDisk "H163" "make room: `[retention]` says how long what is kept" "请腾出空间:`[retention]` 规定保存期限";
    BeginWrote "R636" "wrote {files} files to `{path}`, and `shuping check` finds no fault in them" "已在 `{path}` 写入 {files} 个文件,`shuping check` 无误";
    BeginLeftOut "R637" "left out: {what}: {why}" "略去:{what}:{why}";
    BeginNothing "R638" "nothing that looks like a table was found: {why}" "没有找到像表格的内容:{why}";
    BeginThere "R639" "`{path}` is there already" "`{path}` 已存在";
    BeginName "R431" "`{name}` can't be the name of a system" "`{name}` 不能作为系统名";
    BeginNameHint "H193" "at least two letters from a to z, with digits and `_` between them, such as `town_hall`" "系统名至少含两个 a 至 z 的字母,可加数字和 `_`,如 `town_hall`";
    BeginHint "H164" "look at {file}, then `shuping --home {path} preview {system}`, then `shuping --home {path} run`" "请先核对 {file},再执行 `shuping --home {path} preview {system}` 和 `shuping --home {path} run`";
    BeginThereHint "H165" "give the system another name: `--name NAME`" "请用 `--name 名称` 另取系统名";
    BeginNothingHint "H166" "is it the right place, and does it have rows? docs/connector-tools.md says what is looked for" "位置是否正确?是否有数据行?查找规则见 docs/connector-tools.md";
    BeginLine "H167" "{stream} ({title}): {rows} rows; key: {key}; time: {time}; unit: {unit}; first count: metric {metric}" "{stream}({title}):{rows} 行;主键:{key};时间:{time};机构:{unit};首个计数:指标 {metric}";
    ProvePoint "R675" "point" "检验项";
    ProveVerdict "R676" "verdict" "结论";
    ProvePassed "R677" "passed" "通过";
    ProveFailed "R678" "failed" "未通过";
    ProveNotAsked "R679" "not asked" "不适用";
    ProveLine "R680" "{passed} passed, {failed} failed, {others} not asked" "通过 {passed} 项,未通过 {failed} 项,不适用 {others} 项";
    HintManifest "R681" "ask its owner for a worked example of the signature, and write it as [[auth.test]]" "请向对方索取签名示例,写入 [[auth.test]]";
    HintDoctor "R682" "what says no must not stand in [http.retry]; `ok` names how it says so; a door that every key opens is its owner's to mend" "拒绝的应答不应列入 [http.retry],并由 `ok` 指明;任何密钥都能通过的,请对方修复";
    HintPreview "R683" "ask its owner for an order that stays, such as the key; rows may be lost between pages without one" "请对方按固定顺序(如主键)返回;否则翻页可能漏行";
    HintColumns "R684" "does the line name the right header? `optional = true` where they may not send it, `ignore` where it is not read" "该行的来源列是否写对?对方可能不发的写 `optional = true`,不读取的列入 `ignore`";
    HintKeys "R685" "is `primaryKey` of the table what makes a row itself? an `updated_at` tells which row stands" "数据表的 `primaryKey` 是否唯一确定一行?`updated_at` 可确定以哪一行为准";
    HintSteady "R686" "was something changed meanwhile? Prove it again; else end the window with `until`, and ask its owner" "期间数据是否有变动?请再检验一次;否则请用 `until` 限定窗口,并询问对方";
    HintResume "R687" "ask its owner how long a cursor holds; small windows (`step`) make it cheap to ask again" "请问对方游标有效多久;缩小窗口(`step`)可减少重取";
    HintCursor "R688" "are `param`, `until` and `format` of [stream.cursor] as its owner describes them?" "[stream.cursor] 的 `param`、`until`、`format` 是否与对方说明一致?";
    HintFaults "R689" "[http.retry] says what is asked again: `status`, `body`, `attempts`, `give_up`" "[http.retry] 规定何时重试:`status`、`body`、`attempts`、`give_up`";
    HintTotal "R690" "name it: `total` of `page`, or `total` of `grid`" "请写明总数位置:`page` 的 `total`,或 `grid` 的 `total`";
    HintBadRow "R691" "what breaks the contract must be held back, not left out: look at `where` and at the columns of the key" "不合约定的行应予隔离而非略去:请检查 `where` 和主键各列";
    HintMemory "R692" "is `size` the parameter of its pages, and does it heed it? Ask its owner for the largest page" "`size` 是否为每页行数参数,对方是否遵守?请询问每页上限";
    HintSecrets "R693" "remove the column or ask its owner not to repeat what proves who asks; then change the secret" "请去掉该列,或请对方不要回显密钥;然后更换密钥";
    HintFixtures "R694" "mend what the manifest makes of it; if the new value is right, `--write-fixtures`" "请修正清单中的取值;若新值无误,执行 `--write-fixtures`";
    BeginPersonal "H168" "  not read, for they look like persons': {columns}" "  疑为个人信息,不读取:{columns}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_is_said_in_both_tongues_with_the_same_nouns() {
        let nouns = |text: &'static str| -> BTreeSet<&str> {
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
        };
        let mut ids = BTreeSet::new();
        for say in Say::ALL {
            assert!(ids.insert(say.id()), "{} twice", say.id());
            assert!(!say.text(Lang::Zh).is_empty() && !say.text(Lang::En).is_empty());
            assert_eq!(nouns(say.text(Lang::Zh)), nouns(say.text(Lang::En)), "{}", say.id());
        }
    }
}
