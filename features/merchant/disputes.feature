@host-control @clock
Feature: A cardholder does not know of a sale
  His bank asks to see it, and then wants the money back. The merchant shows the receipt, or does not, and until somebody has ruled the money is
  nobody's. What was refunded is not paid a second time.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 100.00 CNY at "T1"

  @MER-070
  Scenario: What is charged back is held
    When the issuer charges back 100.00 CNY of the 1st sale
    And 24 hours pass
    Then the dispute about the 1st sale is at charged-back
    And the bank of "Noodle House" has received 0.00 CNY
    And the office owes "Noodle House" -0.60 CNY
    And the statement of "Noodle House" for yesterday has
      | what         | amount      | fee      | net         |
      | sale         | 100.00 CNY  | 0.60 CNY | 99.40 CNY   |
      | charged back | -100.00 CNY | 0.00 CNY | -100.00 CNY |

  @MER-071
  Scenario: Who shows the receipt and wins has his money again
    Given the issuer wants to see the 1st sale
    And "Noodle House" shows the receipt of the 1st sale
    And the issuer charges back 100.00 CNY of the 1st sale
    When "Noodle House" disagrees about the 1st sale
    And the scheme rules for the merchant about the 1st sale
    Then the dispute about the 1st sale is at merchant-won
    And the office owes "Noodle House" 99.40 CNY

  @MER-071
  Scenario: Who loses has not
    Given the issuer charges back 60.00 CNY of the 1st sale
    And "Noodle House" shows the receipt of the 1st sale
    And "Noodle House" disagrees about the 1st sale
    When the scheme rules for the cardholder about the 1st sale
    Then the dispute about the 1st sale is at cardholder-won
    And the office owes "Noodle House" 39.40 CNY

  @MER-072
  Scenario: Nobody disagrees without evidence
    Given the issuer charges back 100.00 CNY of the 1st sale
    When "Noodle House" disagrees about the 1st sale
    Then the office says NO_EVIDENCE
    And the dispute about the 1st sale is at charged-back

  @MER-073
  Scenario: Who does nothing for ten days has lost
    Given the issuer charges back 100.00 CNY of the 1st sale
    When 11 days pass
    Then the dispute about the 1st sale is at cardholder-won
    And the office owes "Noodle House" -0.60 CNY

  @MER-073
  Scenario: A retrieval that no chargeback follows is dropped
    Given the issuer wants to see the 1st sale
    When 31 days pass
    Then the dispute about the 1st sale is at dropped
    And the bank of "Noodle House" has received 99.40 CNY

  @MER-074
  Scenario: What was refunded is not charged back
    Given Bob has 40.00 CNY of the 1st sale refunded at "T1"
    When the issuer charges back 60.01 CNY of the 1st sale
    Then the office says OVER_SALE

  @MER-074
  Scenario: What is charged back is not refunded
    Given the issuer charges back 60.00 CNY of the 1st sale
    When Bob has 40.01 CNY of the 1st sale refunded at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And the answer to the 1st refund carries
      | field | value |
      | code  | 61    |

  @MER-074
  Scenario: ... but what is left of it is
    Given the issuer charges back 60.00 CNY of the 1st sale
    When Bob has 40.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the office owes "Noodle House" -0.36 CNY

  @MER-075
  Scenario: A dispute ends once
    Given the issuer charges back 100.00 CNY of the 1st sale
    And "Noodle House" shows the receipt of the 1st sale
    And "Noodle House" disagrees about the 1st sale
    And the scheme rules for the merchant about the 1st sale
    When the scheme rules for the cardholder about the 1st sale
    Then the office says DISPUTE_ENDED
    And the office owes "Noodle House" 99.40 CNY
