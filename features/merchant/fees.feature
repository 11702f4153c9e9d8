@host-control
Feature: What a sale costs its merchant
  The merchant was quoted a rate. What is taken from a sale is that rate, to the fen, and the statement says who got it: the card's bank, the
  network, and the acquirer with what is left.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @MER-001
  Scenario: A debit card costs less than a credit card
    Given Alice has paid 100.00 CNY at "T1"
    When Bob swipes 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | what | amount     | price  | fee      | net       | explained                     |
      | sale | 100.00 CNY | debit  | 0.50 CNY | 99.50 CNY | 100.00 CNY × 0.50% = 0.50 CNY |
      | sale | 100.00 CNY | credit | 0.60 CNY | 99.40 CNY | 100.00 CNY × 0.60% = 0.60 CNY |

  @MER-002
  Scenario Outline: The fee of <amount> is whole fen, and half a fen is one
    When Bob swipes <amount> at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | amount   | fee   | net   |
      | <amount> | <fee> | <net> |

    Examples:
      | amount   | fee      | net      |
      | 0.83 CNY | 0.00 CNY | 0.83 CNY |
      | 0.84 CNY | 0.01 CNY | 0.83 CNY |
      | 2.50 CNY | 0.02 CNY | 2.48 CNY |
      | 9.17 CNY | 0.06 CNY | 9.11 CNY |

  @MER-003 @MER-008
  Scenario: What a debit card costs has an end, and so has what its bank and the network get
    Given Alice's debit card holds 20000.00 CNY
    When Alice swipes 10000.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | amount       | fee       | issuer   | network  | acquirer | net         | explained                               |
      | 10000.00 CNY | 20.00 CNY | 9.75 CNY | 6.50 CNY | 3.75 CNY | 9980.00 CNY | 10000.00 CNY × 0.50%, at most 20.00 CNY |

  @MER-003 @MER-008
  Scenario: A credit card's fee has no end, and the network takes its part from both sides
    Given Bob's credit card holds 20000.00 CNY
    When Bob swipes 10000.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | amount       | fee       | issuer    | network  | acquirer  | net         |
      | 10000.00 CNY | 60.00 CNY | 41.75 CNY | 6.50 CNY | 11.75 CNY | 9940.00 CNY |

  @MER-004
  Scenario: A supermarket pays less, also when the acquirer pays for it
    Given "Noodle House" trades under MCC "5411"
    When Bob swipes 1000.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | price               | fee      | issuer   | network  | acquirer  | net        |
      | preferential credit | 3.80 CNY | 4.17 CNY | 0.66 CNY | -1.03 CNY | 996.20 CNY |

  @MER-004 @MER-005
  Scenario: A hospital pays nothing, and nobody gets anything
    Given "Noodle House" trades under MCC "8062"
    When Bob swipes 1000.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | price | fee      | issuer   | network  | acquirer | net         |
      | zero  | 0.00 CNY | 0.00 CNY | 0.00 CNY | 0.00 CNY | 1000.00 CNY |

  @MER-006
  Scenario: A small tap has a price of its own
    When Carol taps her card for 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | price     | fee      | net       |
      | small tap | 0.38 CNY | 99.62 CNY |

  @MER-007
  Scenario: So has a payer's code, and no line of the statement shows it
    When Alice shows her phone for 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | price | fee      | net       | card |
      | code  | 0.38 CNY | 99.62 CNY |      |
    And no output holds a code of Alice's phone

  @MER-009 @clock
  Scenario Outline: A sale at <at> is charged by the tariff from <tariff>
    Given it is "<at>"
    And operator "01" logs in at "T1"
    When Bob swipes 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for <day> has
      | fee   |
      | <fee> |

    Examples:
      | at                  | tariff     | day   | fee      |
      | 2029-12-31 22:00:00 | 2016-09-06 | today | 0.60 CNY |
      | 2029-12-31 23:30:00 | 2016-09-06 | today | 0.60 CNY |
      | 2030-01-01 00:30:00 | 2030-01-01 | today | 0.55 CNY |

  @MER-010
  Scenario: What is quoted is charged
    When "Noodle House" asks what 123.45 CNY by credit card costs
    And Bob swipes 123.45 CNY at "T1"
    Then the quote is
      | price  | tariff     | fee      | net        | explained                     |
      | credit | 2016-09-06 | 0.74 CNY | 122.71 CNY | 123.45 CNY × 0.60% = 0.74 CNY |
    And "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | fee      | net        |
      | 0.74 CNY | 122.71 CNY |

  @MER-011
  Scenario: A void gives the whole fee back
    Given Alice has paid 123.45 CNY at "T1"
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the statement of "Noodle House" for today has
      | what | amount      | fee       | issuer    | network   | acquirer  | net         |
      | sale | 123.45 CNY  | 0.62 CNY  | 0.39 CNY  | 0.08 CNY  | 0.15 CNY  | 122.83 CNY  |
      | void | -123.45 CNY | -0.62 CNY | -0.39 CNY | -0.08 CNY | -0.15 CNY | -122.83 CNY |
    And the office owes "Noodle House" 0.00 CNY

  @MER-012
  Scenario: Refunds in parts give the fee back in parts, all together the whole
    Given Alice has paid 101.00 CNY at "T1"
    When Alice has 33.67 CNY of the 1st sale refunded at "T1"
    And Alice has 33.67 CNY of the 1st sale refunded at "T1"
    And Alice has 33.66 CNY of the 1st sale refunded at "T1"
    Then the statement of "Noodle House" for today has
      | what   | amount     | fee       | net        |
      | sale   | 101.00 CNY | 0.51 CNY  | 100.49 CNY |
      | refund | -33.67 CNY | -0.17 CNY | -33.50 CNY |
      | refund | -33.67 CNY | -0.17 CNY | -33.50 CNY |
      | refund | -33.66 CNY | -0.17 CNY | -33.49 CNY |
    And the office owes "Noodle House" 0.00 CNY

  @MER-012
  Scenario: ... also where each part alone would be rounded up
    Given Bob has paid 1.00 CNY at "T1"
    When Bob has 0.50 CNY of the 1st sale refunded at "T1"
    And Bob has 0.50 CNY of the 1st sale refunded at "T1"
    Then the statement of "Noodle House" for today has
      | what   | amount    | fee       | net       |
      | sale   | 1.00 CNY  | 0.01 CNY  | 0.99 CNY  |
      | refund | -0.50 CNY | -0.01 CNY | -0.49 CNY |
      | refund | -0.50 CNY | 0.00 CNY  | -0.50 CNY |
    And the office owes "Noodle House" 0.00 CNY

  @MER-013
  Scenario: What the acquirer tells again is the same sale
    Given Alice has paid 10.00 CNY at "T1"
    And the office owes "Noodle House" 9.95 CNY
    When the acquirer hands over its postings once more
    Then the office owes "Noodle House" 9.95 CNY

  @MER-013 @clock
  Scenario: A sale that the till has reversed costs nothing
    Given the line loses the answer to the 1st sale
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows NO_ANSWER
    And the office owes "Noodle House" 0.00 CNY

  @MER-014
  Scenario: The statement is what the receipts say
    Given Alice has paid 10.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1"
    And Bob has paid 30.00 CNY at "T1"
    When Alice has the 1st sale voided at "T1"
    And Bob has 5.00 CNY of the 2nd sale refunded at "T1"
    Then the statement of "Noodle House" for today agrees with the receipts of "T1"
    And the statement of "Noodle House" for today comes to
      | opening  | sold      | back       | fees     | net       | closing   |
      | 0.00 CNY | 60.00 CNY | -15.00 CNY | 0.27 CNY | 44.73 CNY | 44.73 CNY |
