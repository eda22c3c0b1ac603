//! Problem details: one list of codes, one body, one place that makes them.

use super::openapi::PROBLEM_JSON;

use allclear_store::StoreError;
use allclear_wire::problem::Problem as Body;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

macro_rules! problems {
    ($($name:ident = $status:literal $code:literal, $title:literal, $zh:literal, $en:literal;)*) => {
        /// Stable codes. Append only; each is listed in `contract/problems.json`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $title] $name),* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Status, code, title, Chinese text, English text.
            #[must_use]
            pub const fn row(self) -> (u16, &'static str, &'static str, &'static str, &'static str) {
                match self { $(Self::$name => ($status, $code, $title, $zh, $en)),* }
            }
        }
    };
}

problems! {
    AddressInvalid = 400 "address_invalid", "The address does not fit", "网址中的参数不对，请从页面重新打开。", "The address does not fit; open the page again from its link.";
    AlreadyExists = 409 "already_exists", "It exists already", "已存在同名记录，请换一个名称。", "Something with this name exists; choose another.";
    AreaListInvalid = 422 "area_list_invalid", "The area list cannot be used", "区划清单有误，请按提示修改后重新上传。", "The area list cannot be used; mend the line named and upload it again.";
    AreaUnknown = 422 "area_unknown", "No such area", "没有这个区划代码，请从列表中选择。", "No area has this code; pick one from the list.";
    BodyInvalid = 422 "body_invalid", "The request does not fit its form", "提交的内容格式不对，请检查标出的字段。", "The request does not fit its form; check the field named.";
    BodySlow = 408 "body_slow", "The request comes too slowly", "上传太慢或中断，请检查网络后重试。", "The request came too slowly or stopped; check the network and send it again.";
    BodyTooLarge = 413 "body_too_large", "The request is too large", "内容太大，请分批提交。", "Too large; send it in smaller parts.";
    CodeMalformed = 422 "code_malformed", "This is not a valid code", "条码无效或扫错了类型，请重新扫描。", "The code is malformed or of another kind; scan again.";
    ContentTypeWrong = 415 "content_type_wrong", "The content type is another", "内容类型不对，请按说明的类型提交。", "Send the content type that is named.";
    CredentialsWrong = 401 "credentials_wrong", "Name or password is wrong", "账号或密码不正确。", "Name or password is wrong.";
    DecisionNotAllowed = 422 "decision_not_allowed", "This cannot be decided so", "这种情况不能这样处理，请选择列出的处理方式。", "This cannot be decided so; choose one of those offered.";
    DeviceRequired = 403 "device_required", "Only an enrolled device may do this", "请先登记本设备。", "Enrol this device first.";
    DocumentKnown = 409 "document_known", "Somebody has this document already", "该证件已登记，请先搜索；确为同一人可合并。", "Somebody has this document already; search for it, and merge if it is the same person.";
    EnrolmentUsed = 410 "enrolment_used", "The enrolment code was used or has ended", "登记码已使用或已过期，请重新生成。", "The enrolment code was used or has ended; make a new one.";
    FileDamaged = 422 "file_damaged", "The workbook is damaged", "工作簿已损坏，请重新导出。", "The workbook is damaged; export it again.";
    FileEmpty = 422 "file_empty", "The file is empty", "文件是空的。", "The file is empty.";
    FileNoRows = 422 "file_no_rows", "The file has a header but no rows", "文件只有表头，没有数据行。", "The file has a header but no rows.";
    FileNotATable = 422 "file_not_a_table", "The file is neither CSV nor XLSX", "文件不是表格：请用 CSV（UTF-8 或 GB18030）或 XLSX。", "The file is not a table: use CSV (UTF-8 or GB18030) or XLSX.";
    FileOldExcel = 422 "file_old_excel", "The workbook is old or protected", "请另存为不带密码的 XLSX 再上传。", "Save it as XLSX without a password and upload that.";
    FileTooLarge = 422 "file_too_large", "The workbook unpacks to too much", "工作簿展开后过大，请分成几个文件或另存为 CSV。", "The workbook is too large once it is unpacked; split it or save it as CSV.";
    FileTooManyColumns = 422 "file_too_many_columns", "The file has too many columns", "列太多（最多 100 列），请检查分隔符。", "More than 100 columns; check the separator.";
    FileTooManyRows = 422 "file_too_many_rows", "The file has too many rows", "行太多（最多 200 万行），请分成几个文件。", "More than 2,000,000 rows; split the file.";
    FileUnreadable = 422 "file_unreadable", "The file cannot be read", "无法读取该文件：请用 CSV（UTF-8 或 GB18030）或 XLSX。", "The file cannot be read: use CSV (UTF-8 or GB18030) or XLSX.";
    Forbidden = 403 "forbidden", "This account may not do that here", "您的账号没有此项权限，请联系管理员。", "Your account may not do this; ask the administrator.";
    GroupRefused = 422 "group_refused", "The person cannot be put into this group so", "请填写原因和结束时间。", "Give a reason and an end.";
    ImportInterrupted = 409 "import_interrupted", "The import was interrupted", "导入中断，已写入的行保留；重新上传同一文件即可继续。", "The import was interrupted; rows that went in stay. Upload the same file again to go on.";
    Internal = 500 "internal", "Something is broken on our side", "系统出错，已记录。请稍后再试。", "Something is broken on our side; it was logged. Try again later.";
    LinkUsed = 410 "link_used", "The link was used or has ended", "链接已使用或已过期，请向管理员索取新链接。", "The link was used or has ended; ask the administrator for a new one.";
    MappingColumns = 422 "mapping_columns", "The mapping does not fit the file", "列的对应关系与文件不符，请重新上传。", "The mapping does not have one entry for each column; upload the file again.";
    MappingNoArea = 422 "mapping_no_area", "No column says where people live", "请指定现住地区划所在的列，或为整个文件选择一个村（社区）。", "Map a column to the living area, or choose one village for the whole file.";
    MappingNoName = 422 "mapping_no_name", "No column holds the name", "请指定姓名所在的列。", "Map a column to the name.";
    MappingTwice = 422 "mapping_twice", "Two columns hold the same field", "同一内容对应了两列，请只保留一列。", "One field is mapped to two columns; keep one.";
    MergeAlready = 409 "merge_already", "One of the records was merged already", "其中一条记录已被合并。", "One of the records was merged already.";
    MergeDifferentPeople = 409 "merge_different_people", "The records carry different resident IDs", "两条记录的身份证号不同，不是同一人。", "The records carry different resident IDs: two people.";
    MergeNotMerged = 409 "merge_not_merged", "There is no such merge", "没有可撤销的合并。", "There is no such merge to undo.";
    MergeSame = 409 "merge_same", "A record cannot go into itself", "不能与自身合并。", "The two records are the same one.";
    MethodUnknown = 405 "method_unknown", "This address does not take that method", "该地址不支持这种操作。", "This address does not take that method.";
    NobodyExpected = 422 "nobody_expected", "Nobody is on the expected list", "该范围内没有应检人员，请检查区划与人群。", "Nobody is expected in this scope; check areas and groups.";
    NotFound = 404 "not_found", "There is no such thing", "没有找到。", "Not found.";
    OwnAccount = 409 "own_account", "Nobody changes the rights of their own account", "不能更改自己账号的角色或停用自己的账号，请由另一位管理员操作。", "Nobody changes the roles of their own account, or stops it; another administrator does.";
    PasswordWeak = 422 "password_weak", "The password is too short or too long", "密码为 12 至 256 位。", "A password has 12 to 256 characters.";
    PasswordWrong = 422 "password_wrong", "The current password is wrong", "原密码不正确。", "The current password is wrong.";
    PersonInvalid = 422 "person_invalid", "A field of the person is not valid", "填写的内容有误，请检查标出的字段。", "A field is not valid; check the one named.";
    PlanFull = 409 "plan_full", "The plan holds no more of these", "数量已达系统上限，未写入任何内容，请联系管理员。", "No more of these fit; nothing was written. Call the administrator.";
    ReasonRequired = 422 "reason_required", "A reason is required", "请填写原因。", "Give a reason.";
    ReducedMode = 503 "reduced_mode", "Set aside while sampling needs the machine", "系统精简运行中，此功能暂停；采样、检测与本人结果照常。", "Set aside for now: the system runs reduced, so that sampling, testing and own results go on.";
    SamePerson = 409 "same_person", "A second person must do this", "须由另一人审核，录入人不能自己发布。", "Another person must do this: not the one who entered it.";
    SetupDone = 410 "setup_done", "The first administrator exists already", "首位管理员已创建。", "The first administrator exists already.";
    ShiftOverlaps = 409 "shift_overlaps", "The shift overlaps another", "该台位或该人员在此时段已有排班。", "This station or this person has a shift at that time.";
    SlowDown = 503 "slow_down", "Too busy just now", "系统繁忙，请稍候，数据已保留在设备上。", "Busy just now; wait a moment. What you recorded is kept on the device.";
    StateConflict = 409 "state_conflict", "It is in another state now", "状态已变化，请刷新后再试。", "It changed meanwhile; reload and try again.";
    StoreAway = 503 "store_away", "The store cannot be reached", "数据库暂时不可用，请稍候。", "The store cannot be reached just now; wait a moment.";
    StoreFull = 507 "store_full", "The store cannot write", "磁盘空间不足或只读，未写入任何内容，请联系管理员。", "The disk is full or read-only; nothing was written. Call the administrator.";
    TooManyAttempts = 429 "too_many_attempts", "Too many failed attempts", "尝试次数过多，请稍后再试。", "Too many failed attempts; wait a while.";
    Unauthenticated = 401 "unauthenticated", "Sign in first", "请先登录。", "Sign in first.";
    UndoInterrupted = 409 "undo_interrupted", "Taking the import back was interrupted", "撤销导入中断，已撤销的行不变；再次撤销即可继续。", "Taking the import back was interrupted; rows that went are gone. Take it back again to go on.";
    UploadGone = 410 "upload_gone", "The uploaded file is no longer held", "上传的文件已过期，请重新上传。", "The uploaded file is no longer held; upload it again.";
}

/// An error on its way to a person: what they read, and what only the log reads.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    field: Option<String>,
    retry_after_s: Option<u32>,
    internal: Option<String>,
}

/// Result of handlers and ops.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Code {
    /// A problem of this code.
    #[must_use]
    pub const fn problem(self) -> Problem {
        Problem { code: self, detail: None, field: None, retry_after_s: None, internal: None }
    }

    /// A problem of this code about one field of the request (a JSON pointer).
    #[must_use]
    pub fn field(self, pointer: &str) -> Problem {
        Problem { field: Some(pointer.to_owned()), ..self.problem() }
    }
}

impl Problem {
    /// Adds what is particular to this occurrence; never an identity.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds after how many seconds to try again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Which code it is.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (code, retry) = match &error {
            StoreError::Away(_) | StoreError::Locked(_) => (Code::StoreAway, Some(2)),
            StoreError::Full(_) => (Code::StoreFull, None),
            StoreError::Conflict { .. } => (Code::SlowDown, Some(1)),
            StoreError::Rows { .. } => (Code::StateConflict, None),
            StoreError::Constraint(_) => (Code::AlreadyExists, None),
            StoreError::Column { .. } | StoreError::Cell(_) | StoreError::Schema(_) | StoreError::Engine(_) => (Code::Internal, None),
        };
        Self { code, detail: None, field: None, retry_after_s: retry, internal: Some(error.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, title, zh, en) = self.code.row();
        if let Some(internal) = &self.internal {
            tracing::warn!(code, internal, "problem");
        }
        let body = Body {
            kind: format!("https://allclear.invalid/problems/{code}"),
            title: title.into(),
            status,
            code: code.into(),
            text_zh: zh.into(),
            text_en: en.into(),
            detail: self.detail,
            field: self.field,
            retry_after_s: self.retry_after_s,
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response.extensions_mut().insert(crate::operate::request::ProblemCode(code));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
