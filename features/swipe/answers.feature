Feature: What the till makes of each answer
  The host says two characters and the cashier must know what to do. A till that shows "declined" to all of them sends good
  customers away and hands bad cards back. These are the codes of DOMAIN.md part C, and one that is not among them.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-022 @host-control
  Scenario Outline: <code>, <meaning>
    Given the host answers the 1st sale with "<code>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And the answer to the 1st sale carries
      | field | value  |
      | code  | <code> |
    And "T1" prints <slips>
    And "T1" <then>
    And Bob's card holds <left> CNY

    Examples: approved
      | code | meaning                    | screen               | slips      | left    | then                         |
      | 00   | approved                   | APPROVED             | 2 receipts | 4990.00 | has the 1st sale as approved |
      | 11   | approved, important person | APPROVED             | 2 receipts | 4990.00 | has the 1st sale as approved |
      | A2   | approved, confirm          | APPROVED_CONFIRM     | 2 receipts | 4990.00 | has the 1st sale as approved |
      | A4   | approved with defect       | APPROVED_WITH_DEFECT | 2 receipts | 4990.00 | has the 1st sale as approved |
      | A5   | approved with defect       | APPROVED_WITH_DEFECT | 2 receipts | 4990.00 | has the 1st sale as approved |
      | A6   | approved with defect       | APPROVED_WITH_DEFECT | 2 receipts | 4990.00 | has the 1st sale as approved |

    Examples: declined
      | code | meaning                     | screen                  | slips       | left    | then                         |
      | 01   | refer to issuer             | CALL_ISSUER             | no receipts | 5000.00 | has the 1st sale as declined |
      | 02   | refer to issuer, special    | CALL_ACQUIRER           | no receipts | 5000.00 | has the 1st sale as declined |
      | 03   | merchant not registered     | MERCHANT_NOT_REGISTERED | no receipts | 5000.00 | has the 1st sale as declined |
      | 05   | not honoured                | CALL_ISSUER             | no receipts | 5000.00 | has the 1st sale as declined |
      | 06   | error at the issuer         | RETRY_LATER             | no receipts | 5000.00 | has the 1st sale as declined |
      | 09   | being processed             | RETRY_LATER             | no receipts | 5000.00 | has the 1st sale as declined |
      | 12   | invalid transaction         | INVALID_TRANSACTION     | no receipts | 5000.00 | has the 1st sale as declined |
      | 13   | invalid amount              | INVALID_AMOUNT          | no receipts | 5000.00 | has the 1st sale as declined |
      | 14   | invalid card number         | INVALID_CARD            | no receipts | 5000.00 | has the 1st sale as declined |
      | 15   | no such issuer              | CARD_NOT_SUPPORTED      | no receipts | 5000.00 | has the 1st sale as declined |
      | 17   | customer cancelled          | CUSTOMER_CANCELLED      | no receipts | 5000.00 | has the 1st sale as declined |
      | 20   | invalid response            | INVALID_RESPONSE        | no receipts | 5000.00 | has the 1st sale as declined |
      | 21   | card not initialised        | CARD_NOT_ACTIVE         | no receipts | 5000.00 | has the 1st sale as declined |
      | 22   | wrong operation             | CHECK_ORIGINAL          | no receipts | 5000.00 | has the 1st sale as declined |
      | 23   | fee not acceptable          | FEE_NOT_ACCEPTABLE      | no receipts | 5000.00 | has the 1st sale as declined |
      | 25   | original not found          | ORIGINAL_NOT_FOUND      | no receipts | 5000.00 | has the 1st sale as declined |
      | 30   | format error                | FORMAT_ERROR            | no receipts | 5000.00 | has the 1st sale as declined |
      | 31   | institution not supported   | CARD_NOT_SUPPORTED      | no receipts | 5000.00 | has the 1st sale as declined |
      | 39   | no credit account           | NO_CREDIT_ACCOUNT       | no receipts | 5000.00 | has the 1st sale as declined |
      | 40   | function not supported      | NOT_SUPPORTED_BY_ISSUER | no receipts | 5000.00 | has the 1st sale as declined |
      | 42   | no universal account        | NO_UNIVERSAL_ACCOUNT    | no receipts | 5000.00 | has the 1st sale as declined |
      | 44   | no investment account       | NO_INVESTMENT_ACCOUNT   | no receipts | 5000.00 | has the 1st sale as declined |
      | 45   | fallback refused            | INSERT_CHIP             | no receipts | 5000.00 | has the 1st sale as declined |
      | 51   | not enough money            | INSUFFICIENT_FUNDS      | no receipts | 5000.00 | has the 1st sale as declined |
      | 52   | no cheque account           | NO_CHEQUE_ACCOUNT       | no receipts | 5000.00 | has the 1st sale as declined |
      | 53   | no savings account          | NO_SAVINGS_ACCOUNT      | no receipts | 5000.00 | has the 1st sale as declined |
      | 54   | expired card                | CARD_EXPIRED            | no receipts | 5000.00 | has the 1st sale as declined |
      | 55   | wrong PIN                   | WRONG_PIN               | no receipts | 5000.00 | has the 1st sale as declined |
      | 56   | no card record              | NO_CARD_RECORD          | no receipts | 5000.00 | has the 1st sale as declined |
      | 57   | not permitted to cardholder | CARD_NOT_PERMITTED      | no receipts | 5000.00 | has the 1st sale as declined |
      | 58   | not permitted to terminal   | TERMINAL_NOT_PERMITTED  | no receipts | 5000.00 | has the 1st sale as declined |
      | 59   | suspected fraud             | SUSPECTED_FRAUD         | no receipts | 5000.00 | has the 1st sale as declined |
      | 60   | contact acquirer            | CALL_ACQUIRER           | no receipts | 5000.00 | has the 1st sale as declined |
      | 61   | over the amount limit       | AMOUNT_LIMIT            | no receipts | 5000.00 | has the 1st sale as declined |
      | 62   | restricted card             | RESTRICTED_CARD         | no receipts | 5000.00 | has the 1st sale as declined |
      | 63   | security violation          | SECURITY_VIOLATION      | no receipts | 5000.00 | has the 1st sale as declined |
      | 64   | amount differs              | AMOUNT_DIFFERS          | no receipts | 5000.00 | has the 1st sale as declined |
      | 65   | over the count limit        | COUNT_LIMIT             | no receipts | 5000.00 | has the 1st sale as declined |
      | 66   | call security               | CALL_ACQUIRER           | no receipts | 5000.00 | has the 1st sale as declined |
      | 75   | PIN tries exceeded          | PIN_TRIES_EXCEEDED      | no receipts | 5000.00 | has the 1st sale as declined |
      | 90   | day cut-over                | CUT_OVER                | no receipts | 5000.00 | has the 1st sale as declined |
      | 91   | issuer not working          | ISSUER_UNAVAILABLE      | no receipts | 5000.00 | has the 1st sale as declined |
      | 92   | no route                    | NO_ROUTE                | no receipts | 5000.00 | has the 1st sale as declined |
      | 93   | violation of law            | AGAINST_THE_LAW         | no receipts | 5000.00 | has the 1st sale as declined |
      | 94   | duplicate                   | DUPLICATE               | no receipts | 5000.00 | has the 1st sale as declined |
      | 95   | totals mismatch             | TOTALS_DIFFER           | no receipts | 5000.00 | has the 1st sale as declined |
      | 96   | system malfunction          | SYSTEM_MALFUNCTION      | no receipts | 5000.00 | has the 1st sale as declined |
      | 97   | terminal not registered     | TERMINAL_NOT_REGISTERED | no receipts | 5000.00 | has the 1st sale as declined |
      | 98   | no answer from issuer       | ISSUER_NO_ANSWER        | no receipts | 5000.00 | has the 1st sale as declined |
      | A1   | transfer currency           | CURRENCY_DIFFERS        | no receipts | 5000.00 | has the 1st sale as declined |
      | A3   | receiving account           | ACCOUNT_WRONG           | no receipts | 5000.00 | has the 1st sale as declined |
      | A7   | security processing         | SECURITY_FAILED         | no receipts | 5000.00 | has the 1st sale as declined |
      | Z9   | a code nobody knows         | FAILED_CODE             | no receipts | 5000.00 | has the 1st sale as declined |

    Examples: the card is to be kept
      | code | meaning                   | screen              | slips     | left    | then                         |
      | 04   | pick the card up          | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 07   | pick up, special          | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 33   | expired, pick up          | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 34   | fraud, pick up            | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 35   | contact acquirer, pick up | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 36   | restricted, pick up       | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 37   | call security, pick up    | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 38   | PIN tries, pick up        | PIN_TRIES_KEEP_CARD | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 41   | lost card                 | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 43   | stolen card               | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |
      | 67   | hard capture              | KEEP_CARD           | 1 receipt | 5000.00 | has the 1st sale as declined |

    Examples: the till has to sign in again
      | code | meaning          | screen        | slips       | left    | then          |
      | 77   | batch or sign-in | SIGN_IN_AGAIN | no receipts | 5000.00 | is signed off |
      | 99   | PIN translation  | SIGN_IN_AGAIN | no receipts | 5000.00 | is signed off |
      | A0   | MAC failed       | SIGN_IN_AGAIN | no receipts | 5000.00 | is signed off |

    Examples: the outcome is open, so the till reverses
      | code | meaning         | screen          | slips       | left    | then                         |
      | 68   | answer too late | ANSWER_TOO_LATE | no receipts | 5000.00 | has the 1st sale as reversed |

    Examples: less than the whole is no sale here, so the till reverses
      | code | meaning          | screen          | slips       | left    | then                         |
      | 10   | partial approval | PARTIAL_REFUSED | no receipts | 5000.00 | has the 1st sale as reversed |
