@host-control
Feature: Codes of wallets
  The till scans the code of a wallet and asks the wallet's host for the money. Whatever becomes of the answers, the customer pays once or
  not at all, and the cashier knows which.

  Background:
    Given "T1" takes codes of WeChat
    And till "T1" of "Noodle House" has signed in

  @WAL-001
  Scenario: A code pays
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows APPROVED
    And no message went to the host
    And the wallet was asked
      | question   | code    | state | amount |
      | pay        |         |       | 1000   |
      | pay answer | SUCCESS | paid  | 1000   |
    And "T1" prints 2 receipts
    And Alice's WeChat holds 1990.00 CNY
    And "Noodle House" has 10.00 CNY at WeChat
    And no output holds a code of Alice's phone

  @WAL-001
  Scenario: A wallet that this shop has no account with is not taken
    When Alice pays 10.00 CNY at "T1" by Alipay
    Then "T1" shows WALLET_NOT_TAKEN
    And Alice's Alipay holds 2000.00 CNY

  @WAL-002
  Scenario: Who has too little money pays nothing
    When Bob pays 30.01 CNY at "T1" by WeChat
    Then "T1" shows BALANCE_LOW
    And "T1" prints no receipts
    And the wallet was asked
      | question   | code          |
      | pay        |               |
      | pay answer | FAIL NOTENOUGH |
    And Bob's WeChat holds 30.00 CNY

  @WAL-003 @clock
  Scenario: A photograph of an old code is worthless
    When the photograph of Alice's WeChat code is shown for 10.00 CNY at "T1" after 61 seconds
    Then "T1" shows CODE_EXPIRED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-003
  Scenario: A code pays once
    When Alice pays 10.00 CNY at "T1" by WeChat
    And the code that Alice paid with is shown for 5.00 CNY at "T1" once more
    Then "T1" shows APPROVED
    And "T1" shows CODE_USED
    And Alice's WeChat holds 1990.00 CNY

  @WAL-003
  Scenario: A code that the wallet has given to nobody
    When Alice shows a WeChat code for 10.00 CNY at "T1"
    Then "T1" shows WALLET_NOT_TAKEN
    And the wallet was asked
      | question   | code                   |
      | pay        |                        |
      | pay answer | FAIL AUTH_CODE_INVALID |
    And Alice's WeChat holds 2000.00 CNY

  @WAL-004 @clock
  Scenario: Over the limit the payer types the password, and the till asks until it is so
    Given Alice types the password 12 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    Then "T1" shows ASKING_WALLET
    And "T1" shows APPROVED
    And the wallet was asked
      | question     | code            | state | at  |
      | pay          |                 |       | 0s  |
      | pay answer   | FAIL USERPAYING | open  | 0s  |
      | query        |                 |       | 10s |
      | query answer | SUCCESS         | open  | 10s |
      | query        |                 |       | 20s |
      | query answer | SUCCESS         | paid  | 20s |
    And Alice's WeChat holds 999.99 CNY

  @WAL-004 @clock
  Scenario: A wrong password pays nothing
    Given Alice types a wrong password 5 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    Then "T1" shows WALLET_CANCELLED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-004 @clock
  Scenario: A wallet may ask at every payment
    Given WeChat asks Alice for the password at every payment
    And Alice types the password 5 seconds after the wallet asks
    When Alice pays 1.00 CNY at "T1" by WeChat
    Then "T1" shows ASKING_WALLET
    And "T1" shows APPROVED
    And Alice's WeChat holds 1999.00 CNY

  @WAL-007 @clock
  Scenario: A wallet that did it and says nothing has it taken back
    Given WeChat does what it is asked and says nothing
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows WALLET_OWED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-005 @clock
  Scenario: Nobody types the password, and the till cancels
    When Alice pays 1000.01 CNY at "T1" by WeChat
    Then "T1" shows WALLET_CANCELLED
    And "T1" prints no receipts
    And the wallet was asked
      | question      | code            | state     | at  |
      | pay           |                 |           | 0s  |
      | pay answer    | FAIL USERPAYING | open      | 0s  |
      | query         |                 |           | 10s |
      | query answer  | SUCCESS         | open      | 10s |
      | query         |                 |           | 20s |
      | query answer  | SUCCESS         | open      | 20s |
      | query         |                 |           | 30s |
      | query answer  | SUCCESS         | open      | 30s |
      | cancel        |                 |           | 30s |
      | cancel answer | SUCCESS         | cancelled | 30s |
    And Alice's WeChat holds 2000.00 CNY

  @WAL-005 @clock
  Scenario: The payer types the password when the till has cancelled already
    Given Alice types the password 40 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    And 1 minute passes
    Then "T1" shows WALLET_CANCELLED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-006 @clock
  Scenario: The payer does not want to pay
    Given Alice refuses to pay 5 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    Then "T1" shows PAYER_REFUSED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-007 @clock
  Scenario: A payment whose answer is lost is asked about
    Given the line to the wallet loses the answer of the 1st pay
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows APPROVED
    And the wallet was asked
      | question     | state | note |
      | pay          |       |      |
      | pay answer   | paid  | lost |
      | query        |       |      |
      | query answer | paid  |      |
    And Alice's WeChat holds 1990.00 CNY

  @WAL-007 @clock
  Scenario: A wallet that is not sure is asked again
    Given WeChat does what it is asked and is not sure
    When Alice pays 10.00 CNY at "T1" by WeChat
    And WeChat is well again
    And Alice pays 1.00 CNY at "T1" by WeChat
    Then "T1" shows WALLET_OWED
    And "T1" shows APPROVED
    And Alice's WeChat holds 1999.00 CNY

  @WAL-008 @clock
  Scenario: A payment that comes after its cancel is refused
    Given the line to the wallet delays the question of the 1st pay by 40 seconds
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 1 minute passes
    Then "T1" shows WALLET_CANCELLED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-009 @clock
  Scenario: A cancel that nobody answers goes before the next order
    Given the line to the wallet loses the answer of the 1st pay
    And WeChat is down from 5 seconds on
    When Alice pays 10.00 CNY at "T1" by WeChat
    And WeChat is well again
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows WALLET_OWED
    And "T1" shows APPROVED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-010 @clock
  Scenario Outline: An answer that <what> is none
    Given the answer of the 1st pay <what>
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows APPROVED
    And the wallet was asked
      | question     | state | note    |
      | pay          |       |         |
      | pay answer   | paid  | altered |
      | query        |       |         |
      | query answer | paid  |         |

    Examples:
      | what                 |
      | names another amount |
      | names another order  |
      | is signed by nobody  |

  @WAL-009 @clock
  Scenario: A payment that a wallet never got is cancelled before the next order too
    Given WeChat takes questions and does nothing
    When Alice pays 10.00 CNY at "T1" by WeChat
    And WeChat is well again
    And Alice pays 1.00 CNY at "T1" by WeChat
    Then "T1" shows WALLET_OWED
    And "T1" shows APPROVED
    And Alice's WeChat holds 1999.00 CNY

  @WAL-011 @clock
  Scenario: A void gives all of it back, as soon as the wallet lets it be cancelled
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    When the 1st payment by code is voided at "T1"
    Then "T1" shows APPROVED
    And the wallet was asked
      | question      | code             | state     |
      | pay           |                  |           |
      | pay answer    | SUCCESS          | paid      |
      | cancel        |                  |           |
      | cancel answer | FAIL SYSTEMERROR |           |
      | cancel        |                  |           |
      | cancel answer | FAIL SYSTEMERROR |           |
      | cancel        |                  |           |
      | cancel answer | SUCCESS          | cancelled |
    And Alice's WeChat holds 2000.00 CNY
    And "Noodle House" has 0.00 CNY at WeChat

  @WAL-012
  Scenario: Refunds give it back in parts, and no more than was paid
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    When 4.00 CNY of the 1st payment by code are refunded at "T1"
    And 6.01 CNY of the 1st payment by code are refunded at "T1"
    And 6.00 CNY of the 1st payment by code are refunded at "T1"
    Then "T1" shows APPROVED
    And "T1" shows WALLET_DECLINED
    And Alice's WeChat holds 2000.00 CNY
    And "Noodle House" has 0.00 CNY at WeChat

  @WAL-013 @clock
  Scenario: A refund without an answer is asked for again, and made once
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    And the line to the wallet loses the answer of the 1st refund
    When 4.00 CNY of the 1st payment by code are refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's WeChat holds 1994.00 CNY

  @WAL-014
  Scenario: The shop is told, with a signature
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows APPROVED
    And the shop was told
      | state | amount | signed |
      | paid  | 1000   | yes    |

  @WAL-015 @clock
  Scenario: A shop that is busy is told again
    Given the shop does not take the next 2 notifications
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 1 hour passes
    Then "T1" shows APPROVED
    And the shop was told
      | state | signed |
      | paid  | yes    |
      | paid  | yes    |
      | paid  | yes    |

  @WAL-016
  Scenario: A blocked account pays nothing
    Given WeChat has blocked Alice's account
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows PAYER_BLOCKED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-017
  Scenario: More than the wallet lets anybody pay at once
    When Carol pays 50000.01 CNY at "T1" by WeChat
    Then "T1" shows OVER_WALLET_LIMIT
    And Carol's WeChat holds 60000.00 CNY

  @WAL-018
  Scenario: A shop that signs with another's key is not served
    Given "T1" signs for WeChat with another shop's key
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows WALLET_DECLINED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-018
  Scenario: An amount that was changed on the way is not charged
    Given somebody puts another amount into the question of the 1st pay
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then "T1" shows WALLET_DECLINED
    And Alice's WeChat holds 2000.00 CNY

  @WAL-028 @clock
  Scenario: What is older than a year is not given back
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    When 366 days pass
    And operator "01" logs in at "T1"
    And 4.00 CNY of the 1st payment by code are refunded at "T1"
    Then "T1" shows WALLET_DECLINED
    And Alice's WeChat holds 1990.00 CNY

  @WAL-024 @unionpay @clock
  Scenario: The slip of a settlement has the wallets apart from the cards
    Given Bob has paid 90.00 CNY at "T1"
    And Alice has paid 10.00 CNY at "T1" by WeChat
    And Alice has paid 20.00 CNY at "T1" by WeChat
    When 5.00 CNY of the 1st payment by code are refunded at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the totals slip of "T1" has
      | line        | value                          |
      | SLIP_DEBIT  | 1 90.00 CNY                    |
      | SLIP_WALLET | @WALLET_WECHAT                 |
      | SLIP_COUNT  | @FLOW_WALLET_SALE 2 30.00 CNY  |
      | SLIP_COUNT  | @FLOW_WALLET_REFUND 1 5.00 CNY |

  @WAL-029 @clock
  Scenario: The statistics and the last payment know of the wallets
    Given Bob has paid 20.00 CNY at "T1"
    And Alice has paid 10.00 CNY at "T1" by WeChat
    And Alice has paid 30.00 CNY at "T1" by WeChat
    When 4.00 CNY of the 1st payment by code are refunded at "T1"
    And 24 hours pass
    And operator "01" logs in at "T1"
    And Alice pays 5.00 CNY at "T1" by WeChat
    And the cashier asks for the last payment at "T1"
    And the cashier prints the statistics at "T1"
    Then "T1" tells of the 3rd payment by code as approved
    And the statistics of "T1" say
      | day | kind          | count | sum       |
      | 1   | sale          | 1     | 20.00 CNY |
      | 1   | wallet-sale   | 2     | 40.00 CNY |
      | 1   | wallet-refund | 1     | 4.00 CNY  |
      | 2   | wallet-sale   | 1     | 5.00 CNY  |

  @WAL-029
  Scenario: The last payment by code came to nothing
    When Bob pays 30.01 CNY at "T1" by WeChat
    And the cashier asks for the last payment at "T1"
    Then "T1" shows BALANCE_LOW
    And "T1" tells of the 1st payment by code as declined

  @WAL-029
  Scenario: The receipt of an earlier payment by code is printed again
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    And Bob has paid 20.00 CNY at "T1"
    When the cashier prints the receipt of the 1st payment by code again at "T1"
    Then "T1" shows REPRINTED
    And the customer copy of "T1" is marked as a reprint
