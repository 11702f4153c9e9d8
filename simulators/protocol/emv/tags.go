package emv

import "github.com/tillproof/tillproof/simulators/core/tlv"

// The tags: number and name (Book 3, annex A; DF.. and quickPass ones: DOMAIN.md A.8.1, A.11, D.6).
const (
	Tag4FADFName                       tlv.Tag = 0x4F
	Tag50Label                         tlv.Tag = 0x50
	Tag56Track1                        tlv.Tag = 0x56
	Tag57Track2Equivalent              tlv.Tag = 0x57
	Tag5APAN                           tlv.Tag = 0x5A
	Tag61ApplicationTemplate           tlv.Tag = 0x61
	Tag6FFCITemplate                   tlv.Tag = 0x6F
	Tag70RecordTemplate                tlv.Tag = 0x70
	Tag71IssuerScript1                 tlv.Tag = 0x71
	Tag72IssuerScript2                 tlv.Tag = 0x72
	Tag73DirectoryDiscretionary        tlv.Tag = 0x73
	Tag77ResponseFormat2               tlv.Tag = 0x77
	Tag80ResponseFormat1               tlv.Tag = 0x80
	Tag81AmountBinary                  tlv.Tag = 0x81
	Tag82AIP                           tlv.Tag = 0x82
	Tag83CommandTemplate               tlv.Tag = 0x83
	Tag84DFName                        tlv.Tag = 0x84
	Tag86IssuerScriptCommand           tlv.Tag = 0x86
	Tag87Priority                      tlv.Tag = 0x87
	Tag88SFI                           tlv.Tag = 0x88
	Tag89AuthorisationCode             tlv.Tag = 0x89
	Tag8AARC                           tlv.Tag = 0x8A
	Tag8CCDOL1                         tlv.Tag = 0x8C
	Tag8DCDOL2                         tlv.Tag = 0x8D
	Tag8ECVMList                       tlv.Tag = 0x8E
	Tag8FCAKeyIndex                    tlv.Tag = 0x8F
	Tag90IssuerCertificate             tlv.Tag = 0x90
	Tag91IssuerAuthenticationData      tlv.Tag = 0x91
	Tag92IssuerRemainder               tlv.Tag = 0x92
	Tag93SSAD                          tlv.Tag = 0x93
	Tag94AFL                           tlv.Tag = 0x94
	Tag95TVR                           tlv.Tag = 0x95
	Tag97TDOL                          tlv.Tag = 0x97
	Tag98TCHash                        tlv.Tag = 0x98
	Tag99PINData                       tlv.Tag = 0x99
	Tag9ADate                          tlv.Tag = 0x9A
	Tag9BTSI                           tlv.Tag = 0x9B
	Tag9CTransactionType               tlv.Tag = 0x9C
	Tag9DDDFName                       tlv.Tag = 0x9D
	TagA5FCIProprietary                tlv.Tag = 0xA5
	Tag5F20CardholderName              tlv.Tag = 0x5F20
	Tag5F24Expiry                      tlv.Tag = 0x5F24
	Tag5F25Effective                   tlv.Tag = 0x5F25
	Tag5F28IssuerCountry               tlv.Tag = 0x5F28
	Tag5F2ACurrency                    tlv.Tag = 0x5F2A
	Tag5F2DLanguage                    tlv.Tag = 0x5F2D
	Tag5F30ServiceCode                 tlv.Tag = 0x5F30
	Tag5F34PSN                         tlv.Tag = 0x5F34
	Tag5F36CurrencyExponent            tlv.Tag = 0x5F36
	Tag9F01AcquirerId                  tlv.Tag = 0x9F01
	Tag9F02Amount                      tlv.Tag = 0x9F02
	Tag9F03AmountOther                 tlv.Tag = 0x9F03
	Tag9F04AmountOtherBinary           tlv.Tag = 0x9F04
	Tag9F05ApplicationDiscretionary    tlv.Tag = 0x9F05
	Tag9F06AID                         tlv.Tag = 0x9F06
	Tag9F07AUC                         tlv.Tag = 0x9F07
	Tag9F08CardVersion                 tlv.Tag = 0x9F08
	Tag9F09TerminalVersion             tlv.Tag = 0x9F09
	Tag9F0BCardholderNameExtended      tlv.Tag = 0x9F0B
	Tag9F0DIACDefault                  tlv.Tag = 0x9F0D
	Tag9F0EIACDenial                   tlv.Tag = 0x9F0E
	Tag9F0FIACOnline                   tlv.Tag = 0x9F0F
	Tag9F10IAD                         tlv.Tag = 0x9F10
	Tag9F11CodeTable                   tlv.Tag = 0x9F11
	Tag9F12PreferredName               tlv.Tag = 0x9F12
	Tag9F13LastOnlineATC               tlv.Tag = 0x9F13
	Tag9F14LowerConsecutive            tlv.Tag = 0x9F14
	Tag9F15MCC                         tlv.Tag = 0x9F15
	Tag9F16MerchantId                  tlv.Tag = 0x9F16
	Tag9F17PINTries                    tlv.Tag = 0x9F17
	Tag9F18ScriptId                    tlv.Tag = 0x9F18
	Tag9F1ATerminalCountry             tlv.Tag = 0x9F1A
	Tag9F1BFloorLimit                  tlv.Tag = 0x9F1B
	Tag9F1CTerminalId                  tlv.Tag = 0x9F1C
	Tag9F1DTerminalRiskData            tlv.Tag = 0x9F1D
	Tag9F1EIFDSerial                   tlv.Tag = 0x9F1E
	Tag9F1FTrack1Discretionary         tlv.Tag = 0x9F1F
	Tag9F20Track2Discretionary         tlv.Tag = 0x9F20
	Tag9F21Time                        tlv.Tag = 0x9F21
	Tag9F22CAKeyIndexTerminal          tlv.Tag = 0x9F22
	Tag9F23UpperConsecutive            tlv.Tag = 0x9F23
	Tag9F26AC                          tlv.Tag = 0x9F26
	Tag9F27CID                         tlv.Tag = 0x9F27
	Tag9F29ExtendedSelection           tlv.Tag = 0x9F29
	Tag9F2AKernelId                    tlv.Tag = 0x9F2A
	Tag9F2DPINCertificate              tlv.Tag = 0x9F2D
	Tag9F2EPINExponent                 tlv.Tag = 0x9F2E
	Tag9F2FPINRemainder                tlv.Tag = 0x9F2F
	Tag9F32IssuerExponent              tlv.Tag = 0x9F32
	Tag9F33TerminalCapabilities        tlv.Tag = 0x9F33
	Tag9F34CVMResults                  tlv.Tag = 0x9F34
	Tag9F35TerminalType                tlv.Tag = 0x9F35
	Tag9F36ATC                         tlv.Tag = 0x9F36
	Tag9F37UnpredictableNumber         tlv.Tag = 0x9F37
	Tag9F38PDOL                        tlv.Tag = 0x9F38
	Tag9F39EntryMode                   tlv.Tag = 0x9F39
	Tag9F3CReferenceCurrency           tlv.Tag = 0x9F3C
	Tag9F40AdditionalCapabilities      tlv.Tag = 0x9F40
	Tag9F41SequenceCounter             tlv.Tag = 0x9F41
	Tag9F42ApplicationCurrency         tlv.Tag = 0x9F42
	Tag9F44ApplicationCurrencyExponent tlv.Tag = 0x9F44
	Tag9F45DataAuthenticationCode      tlv.Tag = 0x9F45
	Tag9F46ICCCertificate              tlv.Tag = 0x9F46
	Tag9F47ICCExponent                 tlv.Tag = 0x9F47
	Tag9F48ICCRemainder                tlv.Tag = 0x9F48
	Tag9F49DDOL                        tlv.Tag = 0x9F49
	Tag9F4ASDATagList                  tlv.Tag = 0x9F4A
	Tag9F4BSDAD                        tlv.Tag = 0x9F4B
	Tag9F4CICCDynamicNumber            tlv.Tag = 0x9F4C
	Tag9F4DLogEntry                    tlv.Tag = 0x9F4D
	Tag9F4EMerchantName                tlv.Tag = 0x9F4E
	Tag9F4FLogFormat                   tlv.Tag = 0x9F4F
	Tag9F51ApplicationCurrencyCard     tlv.Tag = 0x9F51
	Tag9F5DAvailableOffline            tlv.Tag = 0x9F5D
	Tag9F61Document                    tlv.Tag = 0x9F61
	Tag9F62DocumentType                tlv.Tag = 0x9F62
	Tag9F63ProductId                   tlv.Tag = 0x9F63
	Tag9F66TTQ                         tlv.Tag = 0x9F66
	Tag9F69CardAuthenticationData      tlv.Tag = 0x9F69
	Tag9F6BCardCVMLimit                tlv.Tag = 0x9F6B
	Tag9F6CCTQ                         tlv.Tag = 0x9F6C
	Tag9F6EFormFactor                  tlv.Tag = 0x9F6E
	Tag9F74ECAuthCode                  tlv.Tag = 0x9F74
	Tag9F79ECBalance                   tlv.Tag = 0x9F79
	Tag9F7AECIndicator                 tlv.Tag = 0x9F7A
	Tag9F7BECLimit                     tlv.Tag = 0x9F7B
	TagBF0CFCIIssuerDiscretionary      tlv.Tag = 0xBF0C
	TagDF01SelectionIndicator          tlv.Tag = 0xDF01
	TagDF02CAModulus                   tlv.Tag = 0xDF02
	TagDF03CACheckValue                tlv.Tag = 0xDF03
	TagDF04CAExponent                  tlv.Tag = 0xDF04
	TagDF05CAExpiry                    tlv.Tag = 0xDF05
	TagDF06CAHashAlgorithm             tlv.Tag = 0xDF06
	TagDF07CASignatureAlgorithm        tlv.Tag = 0xDF07
	TagDF11TACDefault                  tlv.Tag = 0xDF11
	TagDF12TACOnline                   tlv.Tag = 0xDF12
	TagDF13TACDenial                   tlv.Tag = 0xDF13
	TagDF14DefaultDDOL                 tlv.Tag = 0xDF14
	TagDF15RandomThreshold             tlv.Tag = 0xDF15
	TagDF16RandomMaxPercent            tlv.Tag = 0xDF16
	TagDF17RandomPercent               tlv.Tag = 0xDF17
	TagDF18OnlinePINCapable            tlv.Tag = 0xDF18
	TagDF19ContactlessFloorLimit       tlv.Tag = 0xDF19
	TagDF20ContactlessLimit            tlv.Tag = 0xDF20
	TagDF21ContactlessCVMLimit         tlv.Tag = 0xDF21
	TagDF31ScriptResults               tlv.Tag = 0xDF31
	TagDF60SegmentIndicator            tlv.Tag = 0xDF60
	TagDF61SegmentSupport              tlv.Tag = 0xDF61
)

// tagInfos stands in rising order of tags. Where schemes give one tag two meanings (9F51, 9F62, 9F66, 9F69) the name is ours and the lengths fit both.
var tagInfos = []TagInfo{
	{Tag4FADFName, "application identifier (ADF name)", FormatB, 5, 16, false},
	{Tag50Label, "application label", FormatANS, 1, 16, false},
	{Tag56Track1, "track 1 data", FormatANS, 0, 76, true},
	{Tag57Track2Equivalent, "track 2 equivalent data", FormatB, 0, 19, true},
	{Tag5APAN, "application PAN", FormatCN, 1, 10, true},
	{Tag61ApplicationTemplate, "application template", FormatVar, 0, 252, false},
	{Tag6FFCITemplate, "FCI template", FormatVar, 0, 252, false},
	{Tag70RecordTemplate, "record template", FormatVar, 0, 252, false},
	{Tag71IssuerScript1, "issuer script template 1", FormatVar, 0, 252, false},
	{Tag72IssuerScript2, "issuer script template 2", FormatVar, 0, 252, false},
	{Tag73DirectoryDiscretionary, "directory discretionary template", FormatVar, 0, 252, false},
	{Tag77ResponseFormat2, "response template format 2", FormatVar, 0, 252, false},
	{Tag80ResponseFormat1, "response template format 1", FormatVar, 0, 252, false},
	{Tag81AmountBinary, "amount, authorised (binary)", FormatB, 4, 4, false},
	{Tag82AIP, "application interchange profile", FormatB, 2, 2, false},
	{Tag83CommandTemplate, "command template", FormatB, 0, 255, false},
	{Tag84DFName, "dedicated file name", FormatB, 5, 16, false},
	{Tag86IssuerScriptCommand, "issuer script command", FormatB, 0, 261, false},
	{Tag87Priority, "application priority indicator", FormatB, 1, 1, false},
	{Tag88SFI, "short file identifier", FormatB, 1, 1, false},
	{Tag89AuthorisationCode, "authorisation code", FormatANS, 6, 6, false},
	{Tag8AARC, "authorisation response code", FormatAN, 2, 2, false},
	{Tag8CCDOL1, "card risk management data object list 1", FormatB, 0, 252, false},
	{Tag8DCDOL2, "card risk management data object list 2", FormatB, 0, 252, false},
	{Tag8ECVMList, "cardholder verification method list", FormatB, 0, 252, false},
	{Tag8FCAKeyIndex, "CA public key index", FormatB, 1, 1, false},
	{Tag90IssuerCertificate, "issuer public key certificate", FormatB, 0, 248, false},
	{Tag91IssuerAuthenticationData, "issuer authentication data", FormatB, 8, 16, false},
	{Tag92IssuerRemainder, "issuer public key remainder", FormatB, 0, 248, false},
	{Tag93SSAD, "signed static application data", FormatB, 0, 248, false},
	{Tag94AFL, "application file locator", FormatB, 0, 252, false},
	{Tag95TVR, "terminal verification results", FormatB, 5, 5, false},
	{Tag97TDOL, "transaction certificate data object list", FormatB, 0, 252, false},
	{Tag98TCHash, "transaction certificate hash value", FormatB, 20, 20, false},
	{Tag99PINData, "transaction PIN data", FormatB, 0, 16, true},
	{Tag9ADate, "transaction date", FormatN, 3, 3, false},
	{Tag9BTSI, "transaction status information", FormatB, 2, 2, false},
	{Tag9CTransactionType, "transaction type", FormatN, 1, 1, false},
	{Tag9DDDFName, "directory definition file name", FormatB, 5, 16, false},
	{TagA5FCIProprietary, "FCI proprietary template", FormatVar, 0, 252, false},
	{Tag5F20CardholderName, "cardholder name", FormatANS, 0, 26, true},
	{Tag5F24Expiry, "application expiration date", FormatN, 3, 3, false},
	{Tag5F25Effective, "application effective date", FormatN, 3, 3, false},
	{Tag5F28IssuerCountry, "issuer country code", FormatN, 2, 2, false},
	{Tag5F2ACurrency, "transaction currency code", FormatN, 2, 2, false},
	{Tag5F2DLanguage, "language preference", FormatAN, 2, 8, false},
	{Tag5F30ServiceCode, "service code", FormatN, 2, 2, false},
	{Tag5F34PSN, "PAN sequence number", FormatN, 1, 1, false},
	{Tag5F36CurrencyExponent, "transaction currency exponent", FormatN, 1, 1, false},
	{Tag9F01AcquirerId, "acquirer identifier", FormatN, 6, 6, false},
	{Tag9F02Amount, "amount, authorised", FormatN, 6, 6, false},
	{Tag9F03AmountOther, "amount, other", FormatN, 6, 6, false},
	{Tag9F04AmountOtherBinary, "amount, other (binary)", FormatB, 4, 4, false},
	{Tag9F05ApplicationDiscretionary, "application discretionary data", FormatB, 0, 32, false},
	{Tag9F06AID, "application identifier (terminal)", FormatB, 5, 16, false},
	{Tag9F07AUC, "application usage control", FormatB, 2, 2, false},
	{Tag9F08CardVersion, "application version number (card)", FormatB, 2, 2, false},
	{Tag9F09TerminalVersion, "application version number (terminal)", FormatB, 2, 2, false},
	{Tag9F0BCardholderNameExtended, "cardholder name extended", FormatANS, 0, 45, true},
	{Tag9F0DIACDefault, "issuer action code, default", FormatB, 5, 5, false},
	{Tag9F0EIACDenial, "issuer action code, denial", FormatB, 5, 5, false},
	{Tag9F0FIACOnline, "issuer action code, online", FormatB, 5, 5, false},
	{Tag9F10IAD, "issuer application data", FormatB, 0, 32, false},
	{Tag9F11CodeTable, "issuer code table index", FormatN, 1, 1, false},
	{Tag9F12PreferredName, "application preferred name", FormatANS, 1, 16, false},
	{Tag9F13LastOnlineATC, "last online ATC register", FormatB, 2, 2, false},
	{Tag9F14LowerConsecutive, "lower consecutive offline limit", FormatB, 1, 1, false},
	{Tag9F15MCC, "merchant category code", FormatN, 2, 2, false},
	{Tag9F16MerchantId, "merchant identifier", FormatANS, 15, 15, false},
	{Tag9F17PINTries, "PIN try counter", FormatB, 1, 1, false},
	{Tag9F18ScriptId, "issuer script identifier", FormatB, 4, 4, false},
	{Tag9F1ATerminalCountry, "terminal country code", FormatN, 2, 2, false},
	{Tag9F1BFloorLimit, "terminal floor limit", FormatB, 4, 4, false},
	{Tag9F1CTerminalId, "terminal identification", FormatAN, 8, 8, false},
	{Tag9F1DTerminalRiskData, "terminal risk management data", FormatB, 1, 8, false},
	{Tag9F1EIFDSerial, "interface device serial number", FormatAN, 8, 8, false},
	{Tag9F1FTrack1Discretionary, "track 1 discretionary data", FormatANS, 0, 54, true},
	{Tag9F20Track2Discretionary, "track 2 discretionary data", FormatCN, 0, 16, true},
	{Tag9F21Time, "transaction time", FormatN, 3, 3, false},
	{Tag9F22CAKeyIndexTerminal, "CA public key index (terminal)", FormatB, 1, 1, false},
	{Tag9F23UpperConsecutive, "upper consecutive offline limit", FormatB, 1, 1, false},
	{Tag9F26AC, "application cryptogram", FormatB, 8, 8, false},
	{Tag9F27CID, "cryptogram information data", FormatB, 1, 1, false},
	{Tag9F29ExtendedSelection, "extended selection", FormatB, 0, 16, false},
	{Tag9F2AKernelId, "kernel identifier", FormatB, 1, 8, false},
	{Tag9F2DPINCertificate, "ICC PIN encipherment public key certificate", FormatB, 0, 248, false},
	{Tag9F2EPINExponent, "ICC PIN encipherment public key exponent", FormatB, 1, 3, false},
	{Tag9F2FPINRemainder, "ICC PIN encipherment public key remainder", FormatB, 0, 248, false},
	{Tag9F32IssuerExponent, "issuer public key exponent", FormatB, 1, 3, false},
	{Tag9F33TerminalCapabilities, "terminal capabilities", FormatB, 3, 3, false},
	{Tag9F34CVMResults, "CVM results", FormatB, 3, 3, false},
	{Tag9F35TerminalType, "terminal type", FormatN, 1, 1, false},
	{Tag9F36ATC, "application transaction counter", FormatB, 2, 2, false},
	{Tag9F37UnpredictableNumber, "unpredictable number", FormatB, 4, 4, false},
	{Tag9F38PDOL, "processing options data object list", FormatB, 0, 252, false},
	{Tag9F39EntryMode, "POS entry mode", FormatN, 1, 1, false},
	{Tag9F3CReferenceCurrency, "transaction reference currency code", FormatN, 2, 2, false},
	{Tag9F40AdditionalCapabilities, "additional terminal capabilities", FormatB, 5, 5, false},
	{Tag9F41SequenceCounter, "transaction sequence counter", FormatN, 2, 4, false},
	{Tag9F42ApplicationCurrency, "application currency code", FormatN, 2, 2, false},
	{Tag9F44ApplicationCurrencyExponent, "application currency exponent", FormatN, 1, 1, false},
	{Tag9F45DataAuthenticationCode, "data authentication code", FormatB, 2, 2, false},
	{Tag9F46ICCCertificate, "ICC public key certificate", FormatB, 0, 248, false},
	{Tag9F47ICCExponent, "ICC public key exponent", FormatB, 1, 3, false},
	{Tag9F48ICCRemainder, "ICC public key remainder", FormatB, 0, 248, false},
	{Tag9F49DDOL, "dynamic data authentication data object list", FormatB, 0, 252, false},
	{Tag9F4ASDATagList, "static data authentication tag list", FormatB, 0, 252, false},
	{Tag9F4BSDAD, "signed dynamic application data", FormatB, 0, 248, false},
	{Tag9F4CICCDynamicNumber, "ICC dynamic number", FormatB, 2, 8, false},
	{Tag9F4DLogEntry, "log entry", FormatB, 2, 2, false},
	{Tag9F4EMerchantName, "merchant name and location", FormatANS, 0, 252, false},
	{Tag9F4FLogFormat, "log format", FormatB, 0, 252, false},
	{Tag9F51ApplicationCurrencyCard, "application currency code (card risk)", FormatB, 1, 250, false},
	{Tag9F5DAvailableOffline, "available offline amount", FormatB, 1, 6, false},
	{Tag9F61Document, "cardholder's ID number", FormatANS, 1, 40, true},
	{Tag9F62DocumentType, "cardholder's ID document type", FormatB, 1, 6, false},
	{Tag9F63ProductId, "product identification", FormatB, 0, 16, false},
	{Tag9F66TTQ, "terminal transaction qualifiers", FormatB, 2, 4, false},
	{Tag9F69CardAuthenticationData, "card authentication related data", FormatB, 1, 250, false},
	{Tag9F6BCardCVMLimit, "card CVM limit or track 2 data", FormatB, 0, 19, true},
	{Tag9F6CCTQ, "card transaction qualifiers", FormatB, 2, 2, false},
	{Tag9F6EFormFactor, "form factor or third party data", FormatB, 4, 32, false},
	{Tag9F74ECAuthCode, "electronic cash authorisation code", FormatAN, 6, 6, false},
	{Tag9F79ECBalance, "electronic cash balance", FormatN, 6, 6, false},
	{Tag9F7AECIndicator, "electronic cash terminal support", FormatB, 1, 1, false},
	{Tag9F7BECLimit, "electronic cash transaction limit", FormatN, 6, 6, false},
	{TagBF0CFCIIssuerDiscretionary, "FCI issuer discretionary data", FormatVar, 0, 222, false},
	{TagDF01SelectionIndicator, "application selection indicator", FormatN, 1, 1, false},
	{TagDF02CAModulus, "CA public key modulus", FormatB, 1, 255, false},
	{TagDF03CACheckValue, "CA public key check value", FormatB, 20, 20, false},
	{TagDF04CAExponent, "CA public key exponent", FormatB, 1, 3, false},
	{TagDF05CAExpiry, "CA public key expiry", FormatANS, 4, 8, false},
	{TagDF06CAHashAlgorithm, "CA public key hash algorithm", FormatB, 1, 1, false},
	{TagDF07CASignatureAlgorithm, "CA public key signature algorithm", FormatB, 1, 1, false},
	{TagDF11TACDefault, "terminal action code, default", FormatB, 5, 5, false},
	{TagDF12TACOnline, "terminal action code, online", FormatB, 5, 5, false},
	{TagDF13TACDenial, "terminal action code, denial", FormatB, 5, 5, false},
	{TagDF14DefaultDDOL, "default DDOL", FormatB, 0, 252, false},
	{TagDF15RandomThreshold, "threshold for random selection", FormatB, 4, 4, false},
	{TagDF16RandomMaxPercent, "maximum target percentage", FormatN, 1, 1, false},
	{TagDF17RandomPercent, "target percentage", FormatN, 1, 1, false},
	{TagDF18OnlinePINCapable, "terminal online PIN capability", FormatN, 1, 1, false},
	{TagDF19ContactlessFloorLimit, "contactless floor limit", FormatN, 6, 6, false},
	{TagDF20ContactlessLimit, "contactless transaction limit", FormatN, 6, 6, false},
	{TagDF21ContactlessCVMLimit, "contactless CVM limit", FormatN, 6, 6, false},
	{TagDF31ScriptResults, "issuer script results", FormatB, 1, 252, false},
	{TagDF60SegmentIndicator, "segmented fare indicator", FormatB, 1, 1, false},
	{TagDF61SegmentSupport, "segmented fare support", FormatB, 1, 1, false},
}

// IsScript tells whether an object of a host's answer is one of the issuer's scripts (Book 3, 10.10).
func IsScript(o tlv.Object) bool { return o.Tag == Tag71IssuerScript1 || o.Tag == Tag72IssuerScript2 }
