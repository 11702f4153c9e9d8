@host-control
Feature: A wallet with codes of its own
  Alipay says by other codes than WeChat does how a payment went, and lets it be cancelled at once. The cashier reads the same.

  Background:
    Given "T1" takes codes of Alipay
    And till "T1" of "Noodle House" has signed in

  @WAL-001
  Scenario: A code pays
    When Alice pays 10.00 CNY at "T1" by Alipay
    Then "T1" shows APPROVED
    And the wallet was asked
      | question   | code  | state |
      | pay        |       |       |
      | pay answer | 10000 | paid  |
    And Alice's Alipay holds 1990.00 CNY
    And "Noodle House" has 10.00 CNY at Alipay

  @WAL-002
  Scenario: Too little money
    When Bob pays 30.01 CNY at "T1" by Alipay
    Then "T1" shows BALANCE_LOW
    And the wallet was asked
      | question   | code                               |
      | pay        |                                    |
      | pay answer | 40004 ACQ.BUYER_BALANCE_NOT_ENOUGH |
    And Bob's Alipay holds 30.00 CNY

  @WAL-017
  Scenario: More than the wallet lets anybody pay at once
    When Carol pays 50000.01 CNY at "T1" by Alipay
    Then "T1" shows OVER_WALLET_LIMIT
    And the wallet was asked
      | question   | code                       |
      | pay        |                            |
      | pay answer | 40004 ACQ.TOTAL_FEE_EXCEED |

  @WAL-016
  Scenario: A blocked account
    Given Alipay has blocked Alice's account
    When Alice pays 10.00 CNY at "T1" by Alipay
    Then "T1" shows PAYER_BLOCKED
    And the wallet was asked
      | question   | code                   |
      | pay        |                        |
      | pay answer | 40004 ACQ.PAYMENT_FAIL |

  @WAL-003 @clock
  Scenario: An old code
    When the photograph of Alice's Alipay code is shown for 10.00 CNY at "T1" after 61 seconds
    Then "T1" shows CODE_EXPIRED
    And the wallet was asked
      | question   | code                                |
      | pay        |                                     |
      | pay answer | 40004 ACQ.PAYMENT_AUTH_CODE_INVALID |

  @WAL-004 @clock
  Scenario: The payer types the password, and the till asks every five seconds
    Given Alice types the password 7 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by Alipay
    Then "T1" shows APPROVED
    And the wallet was asked
      | question     | code  | state | at  |
      | pay          |       |       | 0s  |
      | pay answer   | 10003 | open  | 0s  |
      | query        |       |       | 5s  |
      | query answer | 10000 | open  | 5s  |
      | query        |       |       | 10s |
      | query answer | 10000 | paid  | 10s |

  @WAL-007 @clock
  Scenario: A wallet that is not sure
    Given Alipay does what it is asked and is not sure
    When Alice pays 10.00 CNY at "T1" by Alipay
    And Alipay is well again
    And Alice pays 1.00 CNY at "T1" by Alipay
    Then "T1" shows WALLET_OWED
    And "T1" shows APPROVED
    And Alice's Alipay holds 1999.00 CNY

  @WAL-011
  Scenario: A void at once
    Given Alice has paid 10.00 CNY at "T1" by Alipay
    When the 1st payment by code is voided at "T1"
    Then "T1" shows APPROVED
    And the wallet was asked
      | question      | code  | state     |
      | pay           |       |           |
      | pay answer    | 10000 | paid      |
      | cancel        |       |           |
      | cancel answer | 10000 | cancelled |
    And Alice's Alipay holds 2000.00 CNY

  @WAL-026
  Scenario: What Alipay has not signed was never paid
    When somebody tells "Noodle House" that Alice has paid 10.00 CNY by Alipay
    Then the owner of "Noodle House" was texted
      | text |
